/* SPDX-License-Identifier: MIT */
/* options - every option word of systemd's and Debian's crypttab and of latchkey's own, and its fate. */
#include "base/text.h"
#include "config/draft.h"
#include <stddef.h>
#include <string.h>

enum kind { FLAG, NOT, NUMBER, SECONDS, BYTES, TEXT, ECHO, HEADER, KEY, AFTER };
enum level { ONE = 1, ALL = 2, BOTH = 3 }; /* said of one volume, of all, of either */

#define FIELD(member) offsetof(struct draft, member)
#define IN_VOLUME(member) offsetof(struct draft, volume.member)
#define IS_FLAG(member) offsetof(struct draft, volume.flags.member)

/* What works. Names of the same thing stand together, the one that is shown first. */
static const struct row {
	char name[25];
	uint8_t kind, level;
	uint8_t bits; /* NUMBER, BYTES: of the largest value */
	uint16_t field;
} rows[] = {
	{"read-only", FLAG, BOTH, 0, IS_FLAG(read_only)},
	{"readonly", FLAG, BOTH, 0, IS_FLAG(read_only)},
	{"discard", FLAG, BOTH, 0, IS_FLAG(allow_discards)},
	{"allow-discards", FLAG, BOTH, 0, IS_FLAG(allow_discards)},
	{"same-cpu-crypt", FLAG, BOTH, 0, IS_FLAG(same_cpu_crypt)},
	{"submit-from-crypt-cpus", FLAG, BOTH, 0, IS_FLAG(submit_from_crypt_cpus)},
	{"no-read-workqueue", FLAG, BOTH, 0, IS_FLAG(no_read_workqueue)},
	{"no-write-workqueue", FLAG, BOTH, 0, IS_FLAG(no_write_workqueue)},
	{"high-priority", FLAG, BOTH, 0, IS_FLAG(high_priority)},
	{"disable-keyring", FLAG, BOTH, 0, IS_FLAG(disable_keyring)},
	{"verbose", FLAG, BOTH, 0, IS_FLAG(verbose)},
	{"headless", FLAG, BOTH, 0, IS_FLAG(headless)},
	{"nofail", FLAG, BOTH, 0, IS_FLAG(nofail)},
	{"noauto", FLAG, ONE, 0, IS_FLAG(noauto)},
	{"strict-key", FLAG, BOTH, 0, IS_FLAG(strict_key)},
	{"no-stick", FLAG, BOTH, 0, IS_FLAG(no_stick)},
	{"password-cache", NOT, BOTH, 0, IS_FLAG(password_cache_off)},
	{"password-echo", ECHO, BOTH, 0, IN_VOLUME(echo)},
	{"key-slot", NUMBER, ONE, 5, IN_VOLUME(keyslot)},
	{"keyslot", NUMBER, ONE, 5, IN_VOLUME(keyslot)},
	{"timeout", SECONDS, BOTH, 0, IN_VOLUME(timeout_s)},
	{"key-timeout", SECONDS, BOTH, 0, IN_VOLUME(key_timeout_s)},
	{"keyfile-timeout", SECONDS, BOTH, 0, IN_VOLUME(key_timeout_s)},
	{"device-timeout", SECONDS, BOTH, 0, IN_VOLUME(device_timeout_s)},
	{"x-systemd.device-timeout", SECONDS, BOTH, 0, IN_VOLUME(device_timeout_s)},
	{"max-memory", NUMBER, BOTH, 21, IN_VOLUME(max_memory_mib)},
	{"max-time", NUMBER, BOTH, 20, IN_VOLUME(max_time_s)},
	{"max-lanes", NUMBER, BOTH, 24, IN_VOLUME(max_lanes)},
	{"header", HEADER, ONE, 0, 0},
	{"key", KEY, ONE, 0, 0},
	{"keyfile-offset", BYTES, ONE, 63, FIELD(offset_bytes)},
	{"keyfile-size", BYTES, ONE, 24, FIELD(size_bytes)},
	{"keyscript", TEXT, ONE, 0, FIELD(keyscript)},
	{"tries", NUMBER, BOTH, 20, FIELD(tries)},
	{"after", AFTER, ALL, 0, FIELD(after)},
	{"give-up", SECONDS, ALL, 0, FIELD(give_up_s)},
	{"passfifo", TEXT, ALL, 0, FIELD(passfifo)},
};
enum { ROWS = sizeof(rows) / sizeof(*rows) };

enum fate { SILENT, IGNORED, TOKEN, REFUSED };

/* What does not. */
static const struct group {
	enum fate fate;
	const char *words, *why;
} groups[] = {
	{SILENT, "luks defaults initramfs x-initrd.attach force", ""},
	{IGNORED, "cipher size hash sector-size offset skip", "a LUKS header says it itself"},
	{IGNORED, "verify loud quiet noearly check checkargs _netdev token-timeout x-*", "it changes nothing here"},
	{IGNORED, "keyfile-erase", "latchkey writes to no key device"},
	{IGNORED, "try-empty-password", "an empty passphrase is typed like another"},
	{IGNORED, "link-volume-key link-vk-to-keyring", "the volume key stays where it is"},
	{TOKEN, "tpm2-* fido2-* pkcs11-*", "the passphrase is asked for instead"},
	{REFUSED, "plain swap tmp bitlk fvault2 tcrypt* veracrypt*", "only LUKS volumes are opened"},
	{REFUSED, "fixate-volume-key", "latchkey could not keep that promise"},
};
enum { GROUPS = sizeof(groups) / sizeof(*groups) };

static const char afters[][9] = {"ask", "poweroff", "reboot", "fail"};

const char *options_after(unsigned after)
{
	return afters[after];
}

bool options_listed(const char *list, const char *word)
{
	size_t len = strlen(word), n;

	for (const char *p = list; *p; p += n + (p[n] != 0)) {
		n = strcspn(p, " ,");
		if (n && p[n - 1] == '*' ? !strncmp(p, word, n - 1) : n == len && !memcmp(p, word, n))
			return true;
	}
	return false;
}

int options_bool(const char *value)
{
	if (!value || options_listed("1 yes y true t on", value))
		return true;
	return options_listed("0 no n false f off", value) ? false : -1;
}

/* systemd's time spans without blanks, to a second: 90, 30s, 1min30s, infinity (which is 0, no limit). */
static bool parse_seconds(const char *p, unsigned *out)
{
	static const struct {
		const char *names;
		unsigned seconds;
	} units[] = {{"s sec second seconds", 1}, {"m min minute minutes", 60}, {"h hr hour hours", 3600},
		{"d day days", 86400}};
	enum { LIMIT = 1000000 };
	uint64_t total = 0, n;
	char word[12];
	size_t len;

	if (!strcmp(p, "infinity"))
		p = "0";
	do {
		unsigned each = 0;

		len = strspn(p, "0123456789");
		text_format(word, sizeof(word), "%s", p);
		word[len < sizeof(word) ? len : 0] = 0;
		if (!text_parse_u64(word, &n) || n > LIMIT)
			return false;
		p += len;
		len = strcspn(p, "0123456789");
		text_format(word, sizeof(word), "%s", len ? p : "s");
		if (len < sizeof(word))
			word[len ? len : 1] = 0;
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (options_listed(units[i].names, word))
				each = units[i].seconds;
		total += n * each;
		if (!each || total > LIMIT)
			return false;
		p += len;
	} while (*p);
	*out = (unsigned)total;
	return true;
}

static bool parse_number(const char *value, unsigned bits, uint64_t *out)
{
	return text_parse_u64(value, out) && !(*out >> bits);
}

static bool parse_after(const char *value, unsigned *out)
{
	for (*out = 0; *out < sizeof(afters) / sizeof(*afters); (*out)++)
		if (!strcmp(value, afters[*out]))
			return true;
	return false;
}

/* False: the value is none for this option. */
static bool store(struct reading *r, struct draft *d, const struct row *row, char *value)
{
	char *field = (char *)d + row->field;
	int yes = options_bool(value);
	uint64_t n;

	if (row->kind <= NOT) {
		if (yes >= 0)
			*(bool *)field = yes != (row->kind == NOT);
		return yes >= 0 || (row->kind == NOT && !strcmp(value, "read-only"));
	}
	if (!value || !*value)
		return false;
	switch ((enum kind)row->kind) {
	case FLAG:
	case NOT:
		break;
	case NUMBER:
		if (!parse_number(value, row->bits, &n))
			return false;
		*(unsigned *)field = (unsigned)n;
		break;
	case BYTES:
		return parse_number(value, row->bits, (uint64_t *)field);
	case SECONDS:
		return parse_seconds(value, (unsigned *)field);
	case AFTER:
		return parse_after(value, (unsigned *)field);
	case TEXT:
		*(const char **)field = value;
		break;
	case ECHO:
		d->volume.echo = !strcmp(value, "masked") ? PLAN_ECHO_MASKED : PLAN_ECHO_NONE;
		return yes == 0 || d->volume.echo == PLAN_ECHO_MASKED;
	case HEADER:
		draft_set_header(d, value);
		break;
	case KEY:
		draft_add_key(r, d, value);
		break;
	}
	return true;
}

/* Names as the kernel compares them. */
static bool is_named(const char *name, const char *word)
{
	while (*name && (*name == *word || (*name == '-' && *word == '_'))) {
		name++;
		word++;
	}
	return !*name && !*word;
}

static const struct row *find(const char *word)
{
	if (!strncmp(word, "perf-", 5))
		word += 5;
	for (const struct row *row = rows; row < rows + ROWS; row++)
		if (is_named(row->name, word))
			return row;
	return NULL;
}

static bool take_row(struct reading *r, struct draft *d, const char *word, char *value, enum level level)
{
	const struct row *row = find(word);

	if (!row || !(row->level & level))
		return false;
	if (!store(r, d, row, value))
		reading_note(r, true, "the value of %s is not understood: %s", word, value ? value : "(none)");
	return true;
}

static void take_group(struct reading *r, struct draft *d, const char *word)
{
	for (const struct group *g = groups; g < groups + GROUPS; g++) {
		if (!options_listed(g->words, word))
			continue;
		d->token |= g->fate == TOKEN;
		d->refused |= g->fate == REFUSED;
		if (g->fate == REFUSED)
			reading_note(r, true, "refused, %s: %s", g->why, word);
		else if (g->fate != SILENT)
			reading_note(r, false, "ignored, %s: %s", g->why, word);
		return;
	}
	reading_note(r, false, "ignored, not an option that latchkey knows: %s", word);
}

void options_read(struct reading *r, struct draft *d, char *list)
{
	for (char *next; list; list = next) {
		char *value;

		next = draft_cut(list, ',');
		value = draft_cut(list, '=');
		if (*list && !take_row(r, d, list, value, ONE))
			take_group(r, d, list);
	}
}

bool options_read_for_all(struct reading *r, const char *name, char *value)
{
	return take_row(r, &r->every, name, value, ALL);
}

bool options_is_for_all(const char *name)
{
	const struct row *row = find(name);

	return row && row->level & ALL;
}

void options_show(const struct plan_volume *v, char *out, size_t size)
{
	size_t used = 0;
	uint16_t last = UINT16_MAX;

	*out = 0;
	for (const struct row *row = rows; row < rows + ROWS; row++) {
		const char *field = (const char *)v + row->field;
		const char *comma = used ? "," : "";

		if (row->field == last || row->field >= sizeof(*v))
			continue;
		last = row->field;
		if (row->kind == FLAG && *(const bool *)field)
			used += text_format(out + used, size - used, "%s%s", comma, row->name);
		else if (row->kind == NOT && *(const bool *)field)
			used += text_format(out + used, size - used, "%s%s=no", comma, row->name);
		else if (row->kind == ECHO && v->echo == PLAN_ECHO_MASKED)
			used += text_format(out + used, size - used, "%s%s=masked", comma, row->name);
		else if ((row->kind == NUMBER || row->kind == SECONDS) &&
			 (row->field == IN_VOLUME(keyslot) ? v->keyslot >= 0 : *(const unsigned *)field != 0))
			used += text_format(out + used, size - used, "%s%s=%u", comma, row->name, *(const unsigned *)field);
	}
}
