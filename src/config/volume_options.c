/* SPDX-License-Identifier: MIT */
/*
 * volume_options - every option word of systemd's and Debian's crypttab and of latchkey's own, and what
 * becomes of it.
 */
#include "config/volume_options.h"
#include "base/crypt_flags.h"
#include "base/text.h"
#include "config/words.h"
#include <stddef.h>
#include <string.h>

enum level { ONE = 1, ALL = 2, BOTH = 3 }; /* an option of one volume, of all, of either */
enum option_kind {
	FLAG,
	CRYPT,
	CACHE,
	ECHO,
	STICK,
	AFTER,
	NUMBER,
	SLOT,
	SECONDS,
	BYTES,
	TEXT,
	HEADER,
	KEY,
	PIN,
	PCR,
	KIND_COUNT
};

#define FIELD(member) offsetof(struct draft, member)
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* What works. Of several names the first is shown. Hyphens do not count, nor underscores. */
static const struct option {
	const char *names;
	uint8_t kind, level; /* enum option_kind, enum level */
	uint8_t bits;        /* of the largest number; digits of PIN; how many PCRs there are */
	uint16_t field;      /* of struct draft */
} options[] = {
	{"read-only", FLAG, BOTH, 0, FIELD(volume.flags.read_only)},
	{"discard allow-discards", CRYPT, BOTH, CRYPT_ALLOW_DISCARDS, FIELD(volume.flags.crypt)},
	{"same-cpu-crypt", CRYPT, BOTH, CRYPT_SAME_CPU_CRYPT, FIELD(volume.flags.crypt)},
	{"submit-from-crypt-cpus", CRYPT, BOTH, CRYPT_SUBMIT_FROM_CRYPT_CPUS, FIELD(volume.flags.crypt)},
	{"no-read-workqueue", CRYPT, BOTH, CRYPT_NO_READ_WORKQUEUE, FIELD(volume.flags.crypt)},
	{"no-write-workqueue", CRYPT, BOTH, CRYPT_NO_WRITE_WORKQUEUE, FIELD(volume.flags.crypt)},
	{"high-priority", CRYPT, BOTH, CRYPT_HIGH_PRIORITY, FIELD(volume.flags.crypt)},
	{"disable-keyring", FLAG, BOTH, 0, FIELD(volume.flags.disable_keyring)},
	{"verbose", FLAG, BOTH, 0, FIELD(volume.flags.verbose)},
	{"headless", FLAG, BOTH, 0, FIELD(volume.flags.headless)},
	{"nofail", FLAG, BOTH, 0, FIELD(volume.flags.nofail)},
	{"noauto", FLAG, ONE, 0, FIELD(volume.flags.noauto)},
	{"strict-key", FLAG, BOTH, 0, FIELD(volume.flags.strict_key)},
	{"allow-swap", FLAG, BOTH, 0, FIELD(volume.flags.allow_swap)},
	{"no-stick", FLAG, BOTH, 0, FIELD(volume.flags.no_stick)},
	{"try-empty-password try-empty", FLAG, BOTH, 0, FIELD(volume.flags.try_empty)},
	{"stick", STICK, BOTH, 0, FIELD(volume.stick)},
	{"password-cache", CACHE, BOTH, 0, FIELD(volume.cache)},
	{"password-echo", ECHO, BOTH, 0, FIELD(volume.echo)},
	{"key-slot", SLOT, ONE, 5, FIELD(volume.keyslot)},
	{"timeout", SECONDS, BOTH, 0, FIELD(volume.timeout_s)},
	{"key-timeout keyfile-timeout", SECONDS, BOTH, 0, FIELD(volume.key_timeout_s)},
	{"device-timeout x-systemd.device-timeout", SECONDS, BOTH, 0, FIELD(volume.device_timeout_s)},
	{"max-memory", NUMBER, BOTH, 21, FIELD(volume.max_memory_mib)},
	{"max-time", NUMBER, BOTH, 20, FIELD(volume.max_time_s)},
	{"max-lanes", NUMBER, BOTH, 24, FIELD(volume.max_lanes)},
	{"header", HEADER, ONE, 0, FIELD(volume.header)},
	{"key", KEY, ONE, 0, FIELD(volume.keys)},
	{"fixate-volume-key", PIN, ONE, 64, FIELD(volume.volume_key_id)},
	{"tpm2-measure-pcr", PCR, BOTH, 24, FIELD(volume.measure_pcrs)},
	{"keyscript", TEXT, ONE, 0, FIELD(keyscript)},
	{"keyfile-offset", BYTES, ONE, 62, FIELD(offset_bytes)},
	{"keyfile-size", BYTES, ONE, 24, FIELD(size_bytes)},
	{"tries", NUMBER, BOTH, 20, FIELD(volume.tries)},
	{"after", AFTER, ALL, 0, FIELD(after)},
	{"give-up", SECONDS, ALL, 0, FIELD(give_up_s)},
	{"passfifo", TEXT, ALL, 0, FIELD(passfifo)},
};

/* What does not: the first group that has the word. */
enum fate { SILENT, MARK, IGNORED, TOKEN, REFUSED };
static const struct group {
	enum fate fate;
	const char *words, *why;
} groups[] = {
	{SILENT, "luks defaults fido2-device tpm2-device token-timeout tpm2-measure-bank", ""},
	{MARK, "initramfs x-initrd.attach force", ""},
	{IGNORED, "cipher size hash sector-size offset skip", "defined by the LUKS header: "},
	{IGNORED, "verify loud quiet noearly check checkargs lvm _netdev x-*", "no effect in an initramfs: "},
	{IGNORED, "keyfile-erase link-volume-key link-vk-to-keyring", "not supported: "},
	{IGNORED, "tpm2-measure-*", "not supported: "},
	{IGNORED, "tpm2-* fido2-*", "the token in the LUKS header has it: "},
	{TOKEN, "pkcs11-*", "not supported, the passphrase is used: "},
	{REFUSED, "plain swap tmp bitlk fvault2 tcrypt* veracrypt*", "only LUKS is supported: "},
	{IGNORED, "*", "unknown option: "},
};

/* --- kinds: read a value (false: it is invalid), inherit a default, show ----------------- */

enum { SHOWN_BYTES = 80 };

/*
 * Kinds without .inherit are of one volume, or of the plan; those without .show are not shown as an
 * option.
 */
static const struct kind {
	bool (*parse)(struct parser *p, struct draft *d, const struct option *o, char *value);
	void (*inherit)(void *to, const void *from);
	/* Writes what follows the name. False: it is at its default. */
	bool (*show)(const struct option *o, const void *field, char *buf);
	const char *choices; /* by value; no value at all is "yes" */
} kinds[KIND_COUNT];

static bool parse_flag(struct parser *p, struct draft *d, const struct option *o, char *value)
{
	int i = words_bool(value);

	(void)p;
	if (i >= 0)
		*(bool *)((char *)d + o->field) = i;
	return i >= 0;
}

static void inherit_flag(void *to, const void *from)
{
	*(bool *)to |= *(const bool *)from;
}

static bool show_flag(const struct option *o, const void *field, char *buf)
{
	(void)o;
	*buf = 0;
	return *(const bool *)field;
}

/* One of the set in base/crypt_flags.h. */
static bool parse_crypt(struct parser *p, struct draft *d, const struct option *o, char *value)
{
	unsigned *set = (unsigned *)((char *)d + o->field);
	int i = words_bool(value);

	(void)p;
	if (i >= 0)
		*set = i ? *set | o->bits : *set & ~(unsigned)o->bits;
	return i >= 0;
}

static void inherit_crypt(void *to, const void *from)
{
	*(unsigned *)to |= *(const unsigned *)from;
}

static bool show_crypt(const struct option *o, const void *field, char *buf)
{
	*buf = 0;
	return *(const unsigned *)field & o->bits;
}

/* A word of the kind's list; yes and no may have other forms. */
static bool parse_choice(struct parser *p, struct draft *d, const struct option *o, char *value)
{
	int yes = words_bool(value);
	int i = words_index(kinds[o->kind].choices, yes < 0 ? value : yes ? "yes" : "no");

	(void)p;
	if (i >= 0)
		*(unsigned *)((char *)d + o->field) = (unsigned)i;
	return i >= 0;
}

/* The first choice is the default. */
static void inherit_choice(void *to, const void *from)
{
	if (!*(unsigned *)to)
		*(unsigned *)to = *(const unsigned *)from;
}

static bool show_choice(const struct option *o, const void *field, char *buf)
{
	const char *word = kinds[o->kind].choices;
	unsigned n = *(const unsigned *)field;

	for (unsigned i = 0; i < n; i++)
		word = strchr(word, ' ') + 1;
	text_format(buf, SHOWN_BYTES, "=%s", word);
	(void)words_cut(buf, ' ');
	return n;
}

/* NUMBER, SLOT and BYTES */
static bool parse_number(struct parser *p, struct draft *d, const struct option *o, char *value)
{
	char *field = (char *)d + o->field;
	uint64_t n;

	(void)p;
	if (!text_parse_u64(value, &n) || n >> o->bits)
		return false;
	if (o->kind == BYTES)
		*(uint64_t *)field = n;
	else
		*(unsigned *)field = (unsigned)n;
	return true;
}

static void inherit_number(void *to, const void *from)
{
	unsigned n = *(const unsigned *)from;

	if (*(unsigned *)to == DRAFT_UNSET)
		*(unsigned *)to = n == DRAFT_UNSET ? 0 : n;
}

static bool show_number(const struct option *o, const void *field, char *buf)
{
	unsigned n = *(const unsigned *)field;

	text_format(buf, SHOWN_BYTES, "=%u", n);
	return o->kind == SLOT ? n != DRAFT_UNSET : n;
}

/* systemd's time spans without blanks, to a second: 90, 30s, 1min30s, infinity (which is 0, no limit). */
static bool parse_seconds(struct parser *p, struct draft *d, const struct option *o, char *value)
{
	static const char units[] = "s sec second seconds m min minute minutes h hr hour hours d day days";
	static const unsigned each[] = {1, 60, 3600, 86400}; /* of four units */
	enum { LIMIT = 1000000 };
	uint64_t total = 0, n;
	int unit;

	(void)p;
	for (; *value && strcmp(value, "infinity"); total += n * each[unit / 4]) {
		size_t digits = strspn(value, "0123456789"), letters = strcspn(value + digits, "0123456789");
		char *end = value + digits + letters, behind = *end;

		if (!digits || digits > 7)
			return false;
		for (n = 0; digits; digits--)
			n = n * 10 + (unsigned)(*value++ - '0');
		*end = 0;
		unit = letters ? words_index(units, value) : 0;
		*end = behind;
		value = end;
		if (unit < 0)
			return false;
	}
	if (total <= LIMIT)
		*(unsigned *)((char *)d + o->field) = (unsigned)total;
	return total <= LIMIT;
}

static bool parse_text(struct parser *p, struct draft *d, const struct option *o, char *value)
{
	(void)p;
	*(const char **)((char *)d + o->field) = value;
	return true;
}

/* In lower case only, as systemd compares it. */
static bool parse_key_id(struct parser *p, struct draft *d, const struct option *o, char *value)
{
	return strspn(value, "0123456789abcdef") == o->bits && !value[o->bits] && parse_text(p, d, o, value);
}

/* A number, or yes for systemd's own. As there, 0 and 1 are numbers. */
static bool parse_pcr(struct parser *p, struct draft *d, const struct option *o, char *value)
{
	enum { SYSTEM_IDENTITY = 15 };
	unsigned *pcrs = (unsigned *)((char *)d + o->field);
	uint64_t n;
	int yes;

	(void)p;
	if (text_parse_u64(value, &n)) {
		if (n < o->bits)
			*pcrs = 1u << n;
		return n < o->bits;
	}
	yes = words_bool(value);
	if (yes >= 0)
		*pcrs = yes ? 1u << SYSTEM_IDENTITY : 0;
	return yes >= 0;
}

static bool show_pcr(const struct option *o, const void *field, char *buf)
{
	unsigned pcrs = *(const unsigned *)field;

	(void)o;
	if (pcrs)
		text_format(buf, SHOWN_BYTES, "=%d", __builtin_ctz(pcrs));
	return pcrs;
}

static bool show_text(const struct option *o, const void *field, char *buf)
{
	const char *text = *(const char *const *)field;

	(void)o;
	text_format(buf, SHOWN_BYTES, "=%s", text ? text : "");
	return text;
}

static bool parse_header(struct parser *p, struct draft *d, const struct option *o, char *value)
{
	(void)p, (void)o;
	draft_set_header(d, value);
	return true;
}

static bool parse_key(struct parser *p, struct draft *d, const struct option *o, char *value)
{
	(void)o;
	draft_add_key(p, d, value);
	return true;
}

static const struct kind kinds[KIND_COUNT] = {
	[FLAG] = {parse_flag, inherit_flag, show_flag, "no yes"},
	[CRYPT] = {parse_crypt, inherit_crypt, show_crypt, "no yes"},
	[CACHE] = {parse_choice, inherit_choice, show_choice, "read-only no yes"}, /* enum plan_cache */
	[ECHO] = {parse_choice, inherit_choice, show_choice, "no masked"},         /* enum plan_echo */
	[STICK] = {parse_choice, inherit_choice, show_choice, "fat any"},          /* enum plan_stick */
	[AFTER] = {parse_choice, NULL, NULL, "ask poweroff reboot fail"},          /* enum plan_after */
	[NUMBER] = {parse_number, inherit_number, show_number, NULL},
	[SLOT] = {parse_number, NULL, show_number, NULL},
	[SECONDS] = {parse_seconds, inherit_number, show_number, NULL},
	[BYTES] = {parse_number, NULL, NULL, NULL},
	[TEXT] = {parse_text, NULL, NULL, NULL},
	[HEADER] = {parse_header, NULL, NULL, NULL},
	[KEY] = {parse_key, NULL, NULL, NULL},
	[PIN] = {parse_key_id, NULL, show_text, NULL},
	[PCR] = {parse_pcr, inherit_number, show_pcr, NULL},
};

/* --- words ------------------------------------------------------------------------------ */

/* Is @word one of @names? */
static bool is_named(const char *names, const char *word)
{
	const char *w = word;

	for (;; names++, w++) {
		names += *names == '-';
		w += *w == '-' || *w == '_';
		if (!*w && (!*names || *names == ' '))
			return true;
		if (*names == *w && *names != ' ')
			continue;
		names = strchr(names, ' ');
		if (!names)
			return false;
		w = word - 1; /* the next name */
	}
}

static const struct option *find(const char *word, enum level level)
{
	word += strspn(word, "-"); /* genkernel passes on cryptsetup's own options */
	word += words_begins(word, "perf-");
	for (const struct option *o = options; o < options + COUNT(options); o++)
		if (o->level & level && is_named(o->names, word))
			return o;
	return NULL;
}

bool volume_options_set(struct parser *p, struct draft *d, const char *word, char *value)
{
	const struct option *o = find(word, d == &p->defaults ? ALL : ONE);
	const struct kind *kind = o ? &kinds[o->kind] : NULL;

	if (kind && ((!kind->choices && !(value && *value)) || !kind->parse(p, d, o, value))) {
		parser_refuse(p,
			kind->parse == parse_seconds ? "not a time like 90, 5min or 2h (at most 11 days): "
						     : "invalid value: ",
			word);
		d->refused |= o->kind == PIN; /* a check must not be omitted */
	}
	return kind;
}

static void take_group(struct parser *p, struct draft *d, const char *word)
{
	const struct group *g = groups;

	while (words_index(g->words, word) < 0)
		g++;
	d->token |= g->fate == TOKEN;
	d->marked |= g->fate == MARK;
	d->refused |= g->fate == REFUSED;
	if (g->fate == REFUSED)
		parser_refuse(p, g->why, word);
	else if (g->fate > MARK)
		parser_ignore(p, g->why, word);
}

void volume_options_read(struct parser *p, struct draft *d, char *list)
{
	for (char *next; list; list = next) {
		char *value;

		next = words_cut(list, ',');
		value = words_cut(list, '=');
		if (*list && !volume_options_set(p, d, list, value))
			take_group(p, d, list);
	}
}

void volume_options_inherit(const struct draft *defaults, struct draft *d)
{
	for (const struct option *o = options; o < options + COUNT(options); o++)
		if (kinds[o->kind].inherit)
			kinds[o->kind].inherit((char *)d + o->field, (const char *)defaults + o->field);
}

void volume_options_show(const struct plan_volume *v, char *out, size_t size)
{
	char buf[SHOWN_BYTES];
	size_t used = 0;

	*out = 0;
	for (const struct option *o = options; o < options + COUNT(options); o++) {
		const char *field = (const char *)v + o->field - FIELD(volume);

		if (o->level == ALL || !kinds[o->kind].show || !kinds[o->kind].show(o, field, buf))
			continue;
		text_format(out + used, size - used, used ? ",%s" : "%s", o->names);
		(void)words_cut(out + used, ' ');
		used += strlen(out + used);
		used += text_format(out + used, size - used, "%s", buf);
	}
}
