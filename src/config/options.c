/* SPDX-License-Identifier: MIT */
/* options - every option word of systemd's and Debian's crypttab and of latchkey's own, and its fate. */
#include "base/crypt_flags.h"
#include "base/text.h"
#include "config/draft.h"
#include <stddef.h>
#include <string.h>

enum kind { FLAG, CRYPT, CACHE, NUMBER, SECONDS, BYTES, TEXT, ECHO, HEADER, KEY, AFTER };
enum level { ONE = 1, ALL = 2, BOTH = 3 }; /* said of one volume, of all, of either */

/*
 * What works: name, kind, level, bits of the largest number or the flag of CRYPT, field of struct draft. Other names of the same
 * thing stand behind the one that is shown. A hyphen is as good as none, and as an underscore.
 */
/* clang-format off */
#define WORKS(row)                                                                                           \
	row("read-only", FLAG, BOTH, 0, volume.flags.read_only)                                              \
	row("discard", CRYPT, BOTH, CRYPT_ALLOW_DISCARDS, volume.flags.crypt)                                \
	row("allow-discards", CRYPT, BOTH, CRYPT_ALLOW_DISCARDS, volume.flags.crypt)                         \
	row("same-cpu-crypt", CRYPT, BOTH, CRYPT_SAME_CPU_CRYPT, volume.flags.crypt)                         \
	row("submit-from-crypt-cpus", CRYPT, BOTH, CRYPT_SUBMIT_FROM_CRYPT_CPUS, volume.flags.crypt)         \
	row("no-read-workqueue", CRYPT, BOTH, CRYPT_NO_READ_WORKQUEUE, volume.flags.crypt)                   \
	row("no-write-workqueue", CRYPT, BOTH, CRYPT_NO_WRITE_WORKQUEUE, volume.flags.crypt)                 \
	row("high-priority", CRYPT, BOTH, CRYPT_HIGH_PRIORITY, volume.flags.crypt)                           \
	row("disable-keyring", FLAG, BOTH, 0, volume.flags.disable_keyring)                                  \
	row("verbose", FLAG, BOTH, 0, volume.flags.verbose)                                                  \
	row("headless", FLAG, BOTH, 0, volume.flags.headless)                                                \
	row("nofail", FLAG, BOTH, 0, volume.flags.nofail)                                                    \
	row("noauto", FLAG, ONE, 0, volume.flags.noauto)                                                     \
	row("strict-key", FLAG, BOTH, 0, volume.flags.strict_key)                                            \
	row("no-stick", FLAG, BOTH, 0, volume.flags.no_stick)                                                \
	row("password-cache", CACHE, BOTH, 0, volume.cache)                                                  \
	row("password-echo", ECHO, BOTH, 0, volume.echo)                                                     \
	row("key-slot", NUMBER, ONE, 5, volume.keyslot)                                                      \
	row("timeout", SECONDS, BOTH, 0, volume.timeout_s)                                                   \
	row("key-timeout", SECONDS, BOTH, 0, volume.key_timeout_s)                                           \
	row("keyfile-timeout", SECONDS, BOTH, 0, volume.key_timeout_s)                                       \
	row("device-timeout", SECONDS, BOTH, 0, volume.device_timeout_s)                                     \
	row("x-systemd.device-timeout", SECONDS, BOTH, 0, volume.device_timeout_s)                           \
	row("max-memory", NUMBER, BOTH, 21, volume.max_memory_mib)                                           \
	row("max-time", NUMBER, BOTH, 20, volume.max_time_s)                                                 \
	row("max-lanes", NUMBER, BOTH, 24, volume.max_lanes)                                                 \
	row("header", HEADER, ONE, 0, volume.header)                                                         \
	row("key", KEY, ONE, 0, volume.keys)                                                                 \
	row("keyscript", TEXT, ONE, 0, keyscript)                                                            \
	row("keyfile-offset", BYTES, ONE, 62, offset_bytes)                                                  \
	row("keyfile-size", BYTES, ONE, 24, size_bytes)                                                      \
	row("tries", NUMBER, BOTH, 20, volume.tries)                                                         \
	row("after", AFTER, ALL, 0, after)                                                                   \
	row("give-up", SECONDS, ALL, 0, give_up_s)                                                           \
	row("passfifo", TEXT, ALL, 0, passfifo)
/* clang-format on */

#define NAME(name, kind, level, bits, field) name "\0"
#define ROW(name, kind, level, bits, field) {kind, level, bits, offsetof(struct draft, field)},

static const char names[] = WORKS(NAME); /* of the rows, in their order; an empty one at the end */
static const struct row {
	uint8_t kind, level, bits;
	uint16_t field;
} rows[] = {WORKS(ROW)};

/* What does not: the first group that has the word. */
enum fate { SILENT, MARK, IGNORED, TOKEN, REFUSED };
static const struct group {
	enum fate fate;
	const char *words, *why;
} groups[] = {
	{SILENT, "luks defaults", ""},
	{MARK, "initramfs x-initrd.attach force", ""},
	{IGNORED, "cipher size hash sector-size offset skip", "a LUKS header says it"},
	{IGNORED, "verify loud quiet noearly check checkargs lvm _netdev token-timeout x-*",
		"it changes nothing here"},
	{IGNORED, "keyfile-erase try-empty-password link-volume-key link-vk-to-keyring",
		"latchkey does not do it"},
	{TOKEN, "tpm2-* fido2-* pkcs11-*", "the passphrase is asked for"},
	{REFUSED, "plain swap tmp bitlk fvault2 tcrypt* veracrypt*", "only LUKS is opened"},
	{REFUSED, "fixate-volume-key", "latchkey does not do it"},
	{IGNORED, "*", "no option that latchkey knows"},
};

int options_index(const char *list, const char *word)
{
	size_t len = strlen(word), n;

	for (int i = 0; *list; i++, list += n + (list[n] != 0)) {
		n = strcspn(list, " ,");
		if (n && list[n - 1] == '*' ? !strncmp(list, word, n - 1)
					    : n == len && !memcmp(list, word, n))
			return i;
	}
	return -1;
}

int options_bool(const char *value)
{
	int i = value ? options_index("0 no n false f off 1 yes y true t on", value) : 6;

	return i < 0 ? i : i >= 6;
}

/* systemd's time spans without blanks, to a second: 90, 30s, 1min30s, infinity (which is 0, no limit). */
static bool parse_seconds(char *p, unsigned *out)
{
	static const unsigned each[] = {1, 60, 3600, 86400};
	enum { LIMIT = 1000000 };
	uint64_t total = 0, n;
	int unit;

	for (; *p && strcmp(p, "infinity"); total += n * each[unit / 4]) {
		size_t digits = strspn(p, "0123456789"), letters = strcspn(p + digits, "0123456789");
		char *end = p + digits + letters, behind = *end;

		if (!digits || digits > 7)
			return false;
		for (n = 0; digits; digits--)
			n = n * 10 + (unsigned)(*p++ - '0');
		*end = 0;
		unit = letters ? options_index(
					 "s sec second seconds m min minute minutes h hr hour hours d day days",
					 p)
		               : 0;
		*end = behind;
		p = end;
		if (unit < 0)
			return false;
	}
	if (total <= LIMIT)
		*out = (unsigned)total;
	return total <= LIMIT;
}

/* False: the value is none for this option. */
static bool store(struct reading *r, struct draft *d, const struct row *row, char *value)
{
	char *field = (char *)d + row->field;
	int i = options_bool(value);
	uint64_t n;

	if (row->kind == FLAG) {
		if (i >= 0)
			*(bool *)field = i;
		return i >= 0;
	}
	if (row->kind == CRYPT) {
		if (i >= 0)
			*(unsigned *)field = (*(unsigned *)field & ~row->bits) | (i ? row->bits : 0);
		return i >= 0;
	}
	if (row->kind == CACHE) {
		d->volume.cache = i < 0 ? PLAN_CACHE_READ : i ? PLAN_CACHE_FILL : PLAN_CACHE_NO;
		return i >= 0 || !strcmp(value, "read-only");
	}
	if (!value || !*value)
		return false;
	switch ((enum kind)row->kind) {
	case FLAG:
	case CRYPT:
	case CACHE:
		break;
	case NUMBER:
	case BYTES:
		if (!text_parse_u64(value, &n) || n >> row->bits)
			return false;
		if (row->kind == BYTES)
			*(uint64_t *)field = n;
		else
			*(unsigned *)field = (unsigned)n;
		break;
	case SECONDS:
		return parse_seconds(value, (unsigned *)field);
	case AFTER:
		i = options_index("ask poweroff reboot fail", value); /* enum plan_after */
		*(unsigned *)field = (unsigned)i;
		return i >= 0;
	case TEXT:
		*(const char **)field = value;
		break;
	case ECHO:
		i = options_index("no masked", value); /* enum plan_echo */
		d->volume.echo = i > 0 ? PLAN_ECHO_MASKED : PLAN_ECHO_NONE;
		return i >= 0;
	case HEADER:
		draft_set_header(d, value);
		break;
	case KEY:
		draft_add_key(r, d, value);
		break;
	}
	return true;
}

static bool is_named(const char *name, const char *word)
{
	for (;; name++, word++) {
		name += *name == '-';
		word += *word == '-' || *word == '_';
		if (*name != *word)
			return false;
		if (!*name)
			return true;
	}
}

static const struct row *find(const char *word, enum level level)
{
	const struct row *row = rows;

	word += draft_begins(word, "perf-");
	for (const char *name = names; *name; name += strlen(name) + 1, row++)
		if (is_named(name, word))
			return row->level & level ? row : NULL;
	return NULL;
}

static bool take_row(struct reading *r, struct draft *d, const char *word, char *value, enum level level)
{
	const struct row *row = find(word, level);

	if (row && !store(r, d, row, value))
		reading_refuse(r, "its value is not understood", word);
	return row;
}

static void take_group(struct reading *r, struct draft *d, const char *word)
{
	const struct group *g = groups;

	while (options_index(g->words, word) < 0)
		g++;
	d->token |= g->fate == TOKEN;
	d->marked |= g->fate == MARK;
	if (g->fate == REFUSED) {
		d->refused = true;
		reading_refuse(r, g->why, word);
	} else if (g->fate > MARK) {
		reading_ignore(r, g->why, word);
	}
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
	return r->settings ? take_row(r, &r->every, name, value, ALL) : find(name, ALL) != NULL;
}

void options_inherit(const struct draft *every, struct draft *d)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		const char *from = (const char *)every + row->field;
		char *to = (char *)d + row->field;

		if (!(row->level & ALL))
			continue;
		if (row->kind == FLAG)
			*(bool *)to |= *(const bool *)from;
		else if (row->kind == CRYPT)
			*(unsigned *)to |= *(const unsigned *)from;
		else if ((row->kind == NUMBER || row->kind == SECONDS) && *(unsigned *)to == DRAFT_UNSAID)
			*(unsigned *)to =
				*(const unsigned *)from == DRAFT_UNSAID ? 0 : *(const unsigned *)from;
	}
	if (every->volume.echo)
		d->volume.echo = every->volume.echo;
	if (!d->volume.cache)
		d->volume.cache = every->volume.cache;
}

void options_show(const struct plan_volume *v, char *out, size_t size)
{
	const size_t here = offsetof(struct draft, volume);
	const struct row *row = rows;
	size_t used = 0, last = 0, last_bits = 0;

	*out = 0;
	for (const char *name = names; *name; name += strlen(name) + 1, row++) {
		const char *field = (const char *)v + row->field - here;
		unsigned n = 0;

		if (row->field < here || (row->field == last && row->bits == last_bits))
			continue;
		last = row->field;
		last_bits = row->bits;
		if (row->kind == FLAG)
			n = *(const bool *)field;
		else if (row->kind == CRYPT)
			n = *(const unsigned *)field & row->bits;
		else if (row->kind == NUMBER || row->kind == SECONDS)
			n = *(const unsigned *)field + (field == (const char *)&v->keyslot);
		else if (row->kind == ECHO)
			n = v->echo;
		else if (row->kind == CACHE)
			n = v->cache;
		if (!n)
			continue;
		used += text_format(out + used, size - used, used ? ",%s" : "%s", name);
		if (row->kind == ECHO || row->kind == CACHE)
			used += text_format(out + used, size - used,
				row->kind == ECHO    ? "=masked"
				: n == PLAN_CACHE_NO ? "=no"
						     : "=yes");
		else if (row->kind != FLAG && row->kind != CRYPT)
			used += text_format(out + used, size - used, "=%u", *(const unsigned *)field);
	}
}
