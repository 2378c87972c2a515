/* SPDX-License-Identifier: MIT */
/* Every option word of crypttab: what works changes its one field; what does not is named, with its fate. */
#include "base/crypt_flags.h"
#include "plan_rows.h"

enum { ONE = 1, ALL = 2, BOTH = 3 };
#define FIELD(member) offsetof(struct plan_volume, member)
#define IN_PLAN(member) offsetof(struct plan, member)

/* The volume, or with latchkey.WORD the volume that a word for all makes. */
static void make(const char *option, bool for_all, struct plan *out)
{
	char line[3000], words[3000];
	struct plan_sources s = {.cmdline = words, .crypttab = line, .crypttab_path = "t"};

	snprintf(words, sizeof(words), "%s%s", for_all ? "latchkey." : "quiet", for_all ? option : "");
	snprintf(line, sizeof(line), "a /dev/a /k %s\n", for_all ? "" : option);
	plan_make(&s, out);
	assert_int_equal(out->count, 1);
}

/* Nothing of the volume but @bytes at @field differs from what it is without the option. */
static void only_that(const struct plan *p, size_t field, const void *value, size_t bytes)
{
	static struct plan none;
	struct plan_volume want;

	make("luks", false, &none);
	want = none.volumes[0];
	want.name = p->volumes[0].name;
	want.device = p->volumes[0].device;
	want.where = p->volumes[0].where;
	for (unsigned i = 0; i < want.key_count; i++)
		want.keys[i].path = p->volumes[0].keys[i].path;
	memcpy((char *)&want + field, value, bytes);
	want.need = want.flags.noauto ? PLAN_NOAUTO : want.flags.nofail ? PLAN_NOFAIL : PLAN_NEEDED;
	assert_memory_equal(&p->volumes[0], &want, sizeof(want));
	assert_int_equal(p->note_count, 0);
}

static void both_ways(const char *option, int level, size_t field, const void *value, size_t bytes)
{
	static struct plan p;

	for (int way = ONE; way <= ALL; way++) {
		if (!(level & way))
			continue;
		make(option, way == ALL, &p);
		only_that(&p, field, value, bytes);
	}
}

/* The option is named in a note, and changes nothing. */
static void is_named(const char *option, const char *why, bool bad)
{
	static struct plan p;
	char want[256];

	make(option, false, &p);
	snprintf(want, sizeof(want), "t:1: %s: %s: %.*s", bad ? "skipped" : "ignored", why,
		(int)strcspn(option, "="), option);
	assert_int_equal(p.note_count, 1);
	assert_string_equal(p.notes[0].text, want);
	assert_int_equal(p.notes[0].bad, bad);
	p.note_count = 0;
	only_that(&p, 0, &p.volumes[0].name, sizeof(p.volumes[0].name));
}

static const char not_a_time[] = "not a time like 90, 5min or 2h (at most 11 days)";

/* --- flags ------------------------------------------------------------------------------------ */

static const struct flag {
	const char *names; /* between blanks */
	int level;
	size_t field;
	unsigned crypt; /* the flag of the set at field; 0: a bool is there */
} flags[] = {
	{"read-only readonly", BOTH, FIELD(flags.read_only), 0},
	{"discard allow-discards", BOTH, FIELD(flags.crypt), CRYPT_ALLOW_DISCARDS},
	{"same-cpu-crypt perf-same_cpu_crypt", BOTH, FIELD(flags.crypt), CRYPT_SAME_CPU_CRYPT},
	{"submit-from-crypt-cpus perf-submit_from_crypt_cpus", BOTH, FIELD(flags.crypt),
		CRYPT_SUBMIT_FROM_CRYPT_CPUS},
	{"no-read-workqueue perf-no_read_workqueue", BOTH, FIELD(flags.crypt), CRYPT_NO_READ_WORKQUEUE},
	{"no-write-workqueue perf-no_write_workqueue", BOTH, FIELD(flags.crypt), CRYPT_NO_WRITE_WORKQUEUE},
	{"high-priority perf-high_priority", BOTH, FIELD(flags.crypt), CRYPT_HIGH_PRIORITY},
	{"disable-keyring", BOTH, FIELD(flags.disable_keyring), 0},
	{"verbose", BOTH, FIELD(flags.verbose), 0},
	{"headless", BOTH, FIELD(flags.headless), 0},
	{"nofail", BOTH, FIELD(flags.nofail), 0},
	{"noauto", ONE, FIELD(flags.noauto), 0},
	{"strict-key", BOTH, FIELD(flags.strict_key), 0},
	{"no-stick", BOTH, FIELD(flags.no_stick), 0},
	{"try-empty-password", BOTH, FIELD(flags.try_empty), 0},
	{"try-empty", BOTH, FIELD(flags.try_empty), 0},
};

static void flag_is_set(void **state)
{
	static const char *const yes[] = {"", "=1", "=yes", "=y", "=true", "=t", "=on"}, *const no[] = {"=0",
												 "=no", "=n",
												 "=false",
												 "=f",
												 "=off"};
	const struct flag *f = *state;
	bool on = true, off = false;
	unsigned set = f->crypt, unset = 0;
	const void *want[2] = {f->crypt ? (void *)&unset : &off, f->crypt ? (void *)&set : &on};
	size_t bytes = f->crypt ? sizeof(unsigned) : 1;
	char list[128], option[160];

	snprintf(list, sizeof(list), "%s", f->names);
	for (char *name = strtok(list, " "); name; name = strtok(NULL, " ")) {
		for (size_t i = 0; i < COUNT(yes); i++) {
			snprintf(option, sizeof(option), "%s%s", name, yes[i]);
			both_ways(option, f->level, f->field, want[1], bytes);
		}
		for (size_t i = 0; i < COUNT(no); i++) {
			snprintf(option, sizeof(option), "%s%s", name, no[i]);
			both_ways(option, f->level, f->field, want[0], bytes);
		}
		snprintf(option, sizeof(option), "%s=maybe", name);
		is_named(option, "invalid value", true);
		snprintf(option, sizeof(option), "%sx", name);
		is_named(option, "unknown option", false);
	}
}

/* The flags of dm-crypt are one set. */
static void a_flag_takes_another_with_it(void **state)
{
	unsigned both = CRYPT_ALLOW_DISCARDS | CRYPT_HIGH_PRIORITY, one = CRYPT_HIGH_PRIORITY;
	static struct plan p;

	(void)state;
	make("discard,high-priority,same-cpu-crypt=no", false, &p);
	only_that(&p, FIELD(flags.crypt), &both, sizeof(both));
	make("discard,high-priority,allow-discards=no", false, &p);
	only_that(&p, FIELD(flags.crypt), &one, sizeof(one));
}

static void the_password_cache_is_used_otherwise_than_told(void **state)
{
	enum plan_cache no = PLAN_CACHE_NO, fill = PLAN_CACHE_FILL, read = PLAN_CACHE_READ;

	(void)state;
	both_ways("password-cache=no", BOTH, FIELD(cache), &no, sizeof(no));
	both_ways("password-cache=yes", BOTH, FIELD(cache), &fill, sizeof(fill));
	both_ways("password-cache", BOTH, FIELD(cache), &fill, sizeof(fill));
	both_ways("password-cache=read-only", BOTH, FIELD(cache), &read, sizeof(read));
	is_named("password-cache=maybe", "invalid value", true);
}

static void an_echo_is_mistaken(void **state)
{
	enum plan_echo none = PLAN_ECHO_NONE, masked = PLAN_ECHO_MASKED;

	(void)state;
	enum plan_stick fat = PLAN_STICK_FAT, any = PLAN_STICK_ANY;

	both_ways("stick=any", BOTH, FIELD(stick), &any, sizeof(any));
	both_ways("stick=fat", BOTH, FIELD(stick), &fat, sizeof(fat));
	is_named("stick=no", "invalid value", true);
	is_named("stick", "invalid value", true);
	both_ways("password-echo=masked", BOTH, FIELD(echo), &masked, sizeof(masked));
	both_ways("password-echo=no", BOTH, FIELD(echo), &none, sizeof(none));
	is_named("password-echo=yes", "invalid value", true);
}

/* --- numbers ------------------------------------------------------------------------------------ */

static const struct number {
	const char *names;
	int level;
	size_t field;
	unsigned max;
	bool time;
} numbers[] = {
	{"key-slot keyslot", ONE, FIELD(keyslot), 31, false},
	{"timeout", BOTH, FIELD(timeout_s), 1000000, true},
	{"key-timeout keyfile-timeout", BOTH, FIELD(key_timeout_s), 1000000, true},
	{"device-timeout x-systemd.device-timeout", BOTH, FIELD(device_timeout_s), 1000000, true},
	{"max-memory", BOTH, FIELD(max_memory_mib), (1 << 21) - 1, false},
	{"max-time", BOTH, FIELD(max_time_s), (1 << 20) - 1, false},
	{"max-lanes", BOTH, FIELD(max_lanes), (1 << 24) - 1, false},
};

static void number_is_taken(void **state)
{
	static const char *const bad[] = {"", "=", "=x", "=-1", "=+1", "=1.5", "=0x1", "=4294967296",
		"=18446744073709551617", "=99999999999999999999999"};
	const struct number *n = *state;
	char list[128], option[160];

	snprintf(list, sizeof(list), "%s", n->names);
	for (char *name = strtok(list, " "); name; name = strtok(NULL, " ")) {
		const unsigned good[] = {0, 1, n->max};

		for (size_t i = 0; i < COUNT(good); i++) {
			snprintf(option, sizeof(option), "%s=%u", name, good[i]);
			both_ways(option, n->level, n->field, &good[i], sizeof(good[i]));
		}
		for (size_t i = 0; i < COUNT(bad); i++) {
			snprintf(option, sizeof(option), "%s%s", name, bad[i]);
			is_named(option, n->time ? not_a_time : "invalid value", true);
		}
		snprintf(option, sizeof(option), "%s=%u", name, n->max + 1);
		is_named(option, n->time ? not_a_time : "invalid value", true);
		snprintf(option, sizeof(option), "%s=5s", name);
		if (!n->time)
			is_named(option, "invalid value", true);
	}
}

static void a_time_span_is_misread(void **state)
{
	static const struct {
		const char *text;
		unsigned seconds;
	} good[] = {{"30s", 30}, {"30sec", 30}, {"1second", 1}, {"2seconds", 2}, {"2m", 120}, {"2min", 120},
		{"1minute", 60}, {"3minutes", 180}, {"1h", 3600}, {"1hr", 3600}, {"1hour", 3600},
		{"2hours", 7200}, {"1d", 86400}, {"1day", 86400}, {"2days", 172800}, {"1min30s", 90},
		{"1h1m1", 3661}, {"007", 7}, {"infinity", 0}, {"11d13h46m40s", 1000000}};
	static const char *const bad[] = {"s", "30x", "30ms", "1month", "30 s", "1.5s", "s30", "30s-", "1sx",
		"-5s", "12d", "278h", "11d13h46m41s", "99999999s", "infinityx", "infinity5", "5infinity"};
	static struct plan p;
	char option[64];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		snprintf(option, sizeof(option), "timeout=%s", good[i].text);
		both_ways(option, BOTH, FIELD(timeout_s), &good[i].seconds, sizeof(unsigned));
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		snprintf(option, sizeof(option), "timeout=%s", bad[i]);
		make(strtok(option, " "), false, &p);
		if (strchr(bad[i], ' '))
			continue;
		is_named(option, not_a_time, true);
	}
}

static void the_part_of_a_key_is_misread(void **state)
{
	uint64_t n = 0;

	(void)state;
	both_ways("keyfile-offset=0", ONE, FIELD(keys[0].offset_bytes), &n, 8);
	n = (1ull << 62) - 1;
	both_ways("keyfile-offset=4611686018427387903", ONE, FIELD(keys[0].offset_bytes), &n, 8);
	is_named("keyfile-offset=4611686018427387904", "invalid value", true);
	n = 8 << 20;
	both_ways("keyfile-size=8388608", ONE, FIELD(keys[0].size_bytes), &n, 8);
	is_named("keyfile-size=16777216", "invalid value", true);
}

static void the_pcr_to_measure_into_is_mistaken(void **state)
{
	static const struct {
		const char *option;
		unsigned pcrs;
	} good[] = {{"=yes", 1 << 15}, {"=true", 1 << 15}, {"=no", 0}, {"=off", 0}, {"=0", 1}, {"=1", 2},
		{"=15", 1 << 15}, {"=23", 1 << 23}};
	static const char *const bad[] = {"", "=", "=24", "=-1", "=pcr", "=0x0f", "=4294967296"};
	static struct plan p;
	struct plan_sources s =
		{.crypttab = "a /dev/a\nb /dev/b - tpm2-measure-pcr=no\nc /dev/c - tpm2-measure-pcr=8\n",
			.crypttab_path = "t",
			.conf = "tpm2-measure-pcr=yes",
			.conf_path = "c"};
	char option[64];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		snprintf(option, sizeof(option), "tpm2-measure-pcr%s", good[i].option);
		both_ways(option, BOTH, FIELD(measure_pcrs), &good[i].pcrs, sizeof(unsigned));
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		snprintf(option, sizeof(option), "tpm2-measure-pcr%s", bad[i]);
		is_named(option, "invalid value", true);
	}
	plan_make(&s, &p);
	assert_int_equal(p.volumes[0].measure_pcrs, 1 << 15);
	assert_int_equal(p.volumes[1].measure_pcrs, 0);
	assert_int_equal(p.volumes[2].measure_pcrs, 1 << 8);
}

static void the_tries_of_a_volume_are_those_of_another_or_of_all(void **state)
{
	static struct plan p;
	struct plan_sources s = {.crypttab = "a /dev/a\nb /dev/b - tries=5\nc /dev/c - tries=6\n",
		.crypttab_path = "t"};

	(void)state;
	plan_make(&s, &p);
	assert_int_equal(p.tries, 0);
	assert_int_equal(p.volumes[0].tries, 0);
	assert_int_equal(p.volumes[1].tries, 5);
	assert_int_equal(p.volumes[2].tries, 6);
	s.cmdline = "latchkey.tries=2";
	s.conf = "tries=7";
	s.conf_path = "c";
	plan_make(&s, &p);
	assert_int_equal(p.tries, 2);
	assert_int_equal(p.volumes[0].tries, 2);
	assert_int_equal(p.volumes[1].tries, 5);
	s.cmdline = "";
	plan_make(&s, &p);
	assert_int_equal(p.tries, 7);
	assert_int_equal(p.volumes[0].tries, 7);
	assert_int_equal(p.volumes[2].tries, 6);
}

static void what_follows_the_last_try_is_mistaken(void **state)
{
	static const char *const words[] = {"ask", "poweroff", "reboot", "fail"};
	static struct plan p;
	char text[32];

	(void)state;
	for (unsigned i = 0; i < COUNT(words); i++) {
		snprintf(text, sizeof(text), "after=%s", words[i]);
		make(text, true, &p);
		assert_int_equal(p.after, i);
		assert_int_equal(p.note_count, 0);
		is_named(text, "unknown option", false);
	}
}

/* --- what does not work -------------------------------------------------------------------------- */

static const struct fate {
	const char *words, *why;
	bool bad;
} fates[] = {
	{"luks defaults initramfs x-initrd.attach force tpm2-device=auto fido2-device=auto token-timeout=30s "
	 "tpm2-measure-bank=sha1:sha256",
		NULL, false},
	{"cipher=aes-xts-plain64 size=512 hash=sha512 sector-size=4096 offset=1 skip=1",
		"defined by the LUKS header", false},
	{"verify loud quiet noearly check check=ext4 checkargs=x lvm=vg _netdev "
	 "x-systemd.requires=a.mount "
	 "x-systemd.requires-mounts-for=/a x-gvfs-hide",
		"no effect in an initramfs", false},
	{"keyfile-erase link-volume-key=x link-vk-to-keyring=x", "not supported", false},
	{"tpm2-measure-keyslot-nvpcr=yes", "not supported", false},
	{"tpm2-pcrs=7 tpm2-pin=yes fido2-cid=x", "the token in the LUKS header has it", false},
	{"pkcs11-uri=auto", "not supported, the passphrase is used", false},
	{"plain swap tmp tmp=ext4 bitlk fvault2 tcrypt tcrypt-hidden tcrypthidden tcrypt-keyfile=/k "
	 "veracrypt veracrypt-pim=1",
		"only LUKS is supported", true},
	{"fixate-volume-key=x", "invalid value", true},
	{"nonsense Discard discards luks2 x", "unknown option", false},
};

static void word_has_its_fate(void **state)
{
	const struct fate *f = *state;
	static struct plan p;
	char list[512];

	snprintf(list, sizeof(list), "%s", f->words);
	for (char *word = strtok(list, " "); word; word = strtok(NULL, " ")) {
		struct plan_sources s = {.crypttab_path = "t"};
		char line[128], want[256];

		if (!f->bad && f->why) {
			is_named(word, f->why, false);
			continue;
		}
		snprintf(line, sizeof(line), "a /dev/a none %s\nb /dev/b none %s\n", word,
			f->bad ? "luks" : word);
		s.crypttab = line;
		plan_make(&s, &p);
		assert_int_equal(p.count, f->bad ? 1 : 2);
		assert_int_equal(p.note_count, f->bad ? 1 : 0);
		if (!f->bad)
			continue;
		snprintf(want, sizeof(want), "t:1: skipped: %s: %.*s", f->why, (int)strcspn(word, "="), word);
		assert_string_equal(p.notes[0].text, want);
		assert_true(p.notes[0].bad);
		assert_string_equal(p.volumes[0].name, "b");
	}
}

static void a_token_without_anybody_to_ask_is_taken(void **state)
{
	static struct plan p;
	struct plan_sources s = {.crypttab =
					 "a /dev/a - pkcs11-uri=auto,headless\nb /dev/b - pkcs11-uri=auto\n",
		.crypttab_path = "t"};

	(void)state;
	plan_make(&s, &p);
	assert_int_equal(p.count, 1);
	assert_string_equal(p.volumes[0].name, "b");
	assert_string_equal(p.notes[1].text, "t:1: skipped: headless with an unsupported token: a");
	s.cmdline = "latchkey.headless";
	plan_make(&s, &p);
	assert_int_equal(p.count, 0);
}

int main(void)
{
	for (size_t i = 0; i < COUNT(flags); i++)
		row(flags[i].names, flag_is_set, &flags[i]);
	ROW(a_flag_takes_another_with_it);
	ROW(the_password_cache_is_used_otherwise_than_told);
	ROW(an_echo_is_mistaken);
	for (size_t i = 0; i < COUNT(numbers); i++)
		row(numbers[i].names, number_is_taken, &numbers[i]);
	ROW(a_time_span_is_misread);
	ROW(the_part_of_a_key_is_misread);
	ROW(the_pcr_to_measure_into_is_mistaken);
	ROW(the_tries_of_a_volume_are_those_of_another_or_of_all);
	ROW(what_follows_the_last_try_is_mistaken);
	for (size_t i = 0; i < COUNT(fates); i++)
		row(fates[i].why ? fates[i].why : "words that are understood are named", word_has_its_fate,
			&fates[i]);
	ROW(a_token_without_anybody_to_ask_is_taken);
	return rows_run("config options");
}
