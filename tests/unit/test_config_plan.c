/* SPDX-License-Identifier: MIT */
/* latchkey.conf, which source is stronger, and what happens where a plan is full. */
#include "plan_rows.h"

#define VOLUME(where, name, device)                                                                          \
	"volume " name "\n  device " device "\n  from " where                                                \
	"\n  needed yes\n  key /etc/cryptsetup-keys.d/" name ".key, if it is there\n"
#define CONF(line) "/etc/latchkey.conf:" line
#define CMDLINE "kernel command line"

static const struct plan_row conf[] = {
	{"a setting of the board is lost", NULL, NULL,
		"# a board\ntries = 5\nafter=poweroff\n  headless\r\nkey-timeout =10s\ngive-up= "
		"2min\npassfifo=/run/f\nvolume = a,/dev/a",
		VOLUME(CONF("8"), "a", "/dev/a") "  options headless,key-timeout=10,tries=5\n"
						 "tries: 5; then: power off; give up: after 120 s; headless; "
						 "passfifo: /run/f\n"},
	{"the one volume of the board is lost", NULL, NULL,
		"device=UUID=" U1
		"\nname = sys\nkey=/k:LABEL=K\nheader=/h\noptions=discard,nofail,tpm2-measure-pcr=yes\n",
		"volume sys\n  device UUID=" U1
		"\n  from /etc/latchkey.conf\n  needed no, nofail\n  key /k on "
		"LABEL=K\n  header /h\n  options discard,nofail,tpm2-measure-pcr=15\n" USUAL},
	{"a wrong line of the board is not named by its number", NULL, NULL,
		"\n# x\nvolumes=a\nvolume=a\nvolume=b,/dev/b\ntries=x\n",
		VOLUME(CONF("5"), "b", "/dev/b") USUAL
		"wrong: " CONF("3") ": skipped: unknown word: volumes\n"
				    "wrong: " CONF("6") ": skipped: invalid value: tries\n"
							"wrong: " CONF("4") ": skipped: no device\n"},
	{"the board's settings are stronger than the command line's, or do not reach crypttab",
		"latchkey.tries=1 latchkey.headless=no latchkey.key-timeout=0", "a /dev/a\n",
		"tries=2\nheadless\nkey-timeout=10\ntimeout=7\n",
		VOLUME("/etc/crypttab:1", "a",
			"/dev/a") "  options timeout=7,tries=1\ntries: 1; then: ask again; give up: never\n"},
	{"the board's volume stands in the way of a stronger one", "latchkey.device=/dev/z", "b /dev/y\n",
		"device=/dev/x\nvolume=b,/dev/w\nvolume=c,/dev/y\nvolume=d,/dev/d\n",
		VOLUME(CMDLINE, "root", "/dev/z") VOLUME("/etc/crypttab:1", "b", "/dev/y")
			VOLUME(CONF("4"), "d", "/dev/d") USUAL
		"note: " CONF(
			"2") ": ignored: name or device already used by /etc/crypttab:1\n"
			     "note: " CONF(
				     "3") ": ignored: name or device already used by /etc/crypttab:1\n"
					  "note: /etc/latchkey.conf: ignored: name or device already used "
					  "by kernel command line\n"},
	{"the same UUID in another spelling is another device", "latchkey.device=UUID=" U2, NULL,
		"volume=x,/dev/disk/by-uuid/AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE\n",
		VOLUME(CMDLINE, "root", "UUID=" U2) USUAL
		"note: " CONF("1") ": ignored: name or device already used by kernel command line\n"},
	{"a wrong line of the board is named twice, as it is read twice", NULL, NULL, "volume=a,/\x01\n",
		USUAL "wrong: " CONF("1") ": skipped: control character or invalid UTF-8: volume=a,/?\n"},
	{"rd.luks.* switches the board's file off", "rd.luks=no", NULL, "volume=a,/dev/a\n",
		VOLUME(CONF("1"), "a", "/dev/a") USUAL},
};

static void nothing_at_all_is_no_plan(void **state)
{
	static struct plan p;
	struct plan_sources s = {NULL};

	(void)state;
	memset(&p, 0x77, sizeof(p));
	plan_make(&s, &p);
	assert_int_equal(p.count, 0);
	assert_int_equal(p.note_count, 0);
	assert_false(p.notes_lost || p.headless);
	assert_null(p.passfifo);
}

/* One line more than there is room for, and @end. */
static const char *full_table(const char *end)
{
	static char text[4096];

	*text = 0;
	for (int i = 1; i <= PLAN_VOLUMES_MAX; i++)
		sprintf(text + strlen(text), "v%d /dev/v%d none nofail\n", i, i);
	return strcat(text, end);
}

static void a_volume_too_many_is_written_past_the_table_or_not_named(void **state)
{
	static struct plan p;
	struct plan_sources s = {.crypttab = full_table("v65 /dev/v65\nv66 /dev/v66\n"),
		.crypttab_path = "t"};

	(void)state;
	plan_make(&s, &p);
	assert_int_equal(p.count, 64);
	assert_string_equal(p.volumes[63].name, "v64");
	assert_int_equal(p.note_count, 2);
	assert_string_equal(p.notes[0].text, "t:65: skipped: more than 64 volumes: v65");
	assert_true(p.notes[0].bad);
	assert_null(p.root_left_out);
}

static void the_root_is_left_out_as_the_last_line_of_too_many(void **state)
{
	static struct plan p;
	struct plan_sources s = {.cmdline = "root=/dev/mapper/sys",
		.crypttab = full_table("v65 /dev/v65\nsys /dev/v66\nv67 /dev/v67\n"),
		.crypttab_path = "t"};

	(void)state;
	plan_make(&s, &p);
	assert_int_equal(p.count, 64);
	assert_string_equal(p.volumes[62].name, "v63");
	assert_string_equal(p.volumes[63].name, "sys");
	assert_int_equal(p.volumes[63].need, PLAN_NEEDED);
	assert_int_equal(p.note_count, 3);
	assert_string_equal(p.notes[0].text, "t:65: skipped: more than 64 volumes: v65");
	assert_string_equal(p.notes[1].text, "t:64: skipped: more than 64 volumes: v64");
	assert_string_equal(p.notes[2].text, "t:67: skipped: more than 64 volumes: v67");
}

static void the_root_of_the_board_is_left_out_behind_a_full_crypttab(void **state)
{
	static struct plan p;
	struct plan_sources s = {.cmdline = "root=/dev/mapper/sys",
		.crypttab = full_table(""),
		.crypttab_path = "t",
		.conf = "device=/dev/s\nname=sys\n",
		.conf_path = "c"};

	(void)state;
	plan_make(&s, &p);
	assert_int_equal(p.count, 64);
	assert_string_equal(p.volumes[63].name, "sys");
}

/* 64 of them, and two more; and @end. */
static const char *full_cmdline(const char *end)
{
	static char text[8192];

	*text = 0;
	for (int i = 1; i <= PLAN_VOLUMES_MAX + 2; i++)
		sprintf(text + strlen(text), "rd.luks.uuid=%08x%s ", i, U1 + 8);
	return strcat(text, end);
}

static void a_uuid_too_many_is_written_past_the_table_or_called_none(void **state)
{
	static struct plan p;
	struct plan_sources s = {.cmdline = full_cmdline("")};

	(void)state;
	plan_make(&s, &p);
	assert_int_equal(p.count, 64);
	assert_int_equal(p.note_count, 2);
	assert_string_equal(p.notes[0].text,
		"kernel command line: skipped: more than 64 volumes: 00000041-2222-3333-4444-555555555555");
}

static void the_root_is_left_out_as_the_last_uuid_of_too_many(void **state)
{
	static const char *const ends[] = {"rd.luks.name=" U2 "=sys root=/dev/mapper/sys",
		"rd.luks.uuid=luks-" U2 " root=/dev/mapper/luks-" U2};
	static struct plan p;

	(void)state;
	for (unsigned i = 0; i < COUNT(ends); i++) {
		struct plan_sources s = {.cmdline = full_cmdline(ends[i])};

		plan_make(&s, &p);
		assert_int_equal(p.count, 64);
		assert_string_equal(p.volumes[63].device, "UUID=" U2);
		assert_string_equal(p.volumes[63].name, i ? "luks-" U2 : "sys");
		assert_int_equal(p.note_count, 3);
	}
}

/* The texts of other lines leave room for the root's. */
static void the_root_is_left_out_for_want_of_room(void **state)
{
	enum { LINES = 40, EACH = 1000 };
	static struct plan p;
	static char text[LINES * EACH + 2048];
	struct plan_sources s = {.cmdline = "root=/dev/mapper/sys", .crypttab = text, .crypttab_path = "t"};

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < LINES; i++) {
		char *line = text + i * EACH;

		line[sprintf(line, "v%d /dev/v%d /", i, i)] = '/';
		line[EACH - 1] = '\n';
	}
	memcpy(text + LINES * EACH, "sys /dev/", 9);
	plan_make(&s, &p);
	assert_string_equal(p.volumes[p.count - 1].name, "sys");
	assert_null(p.root_left_out);
}

/* Whatever is wrong with its line: that the root stays closed must not look well. */
static void a_root_that_is_left_out_is_not_told(void **state)
{
	static const char *const tables[] = {"sys /dev/a none plain\n", "sys nowhere\n",
		"sys\t/dev/a /\033[2J\n", "sys UUID=x /k\nb /dev/b\n"};
	static struct plan p;
	static char zeros[2200];

	(void)state;
	memset(zeros, '0', sizeof(zeros) - 1);
	for (unsigned i = 0; i < COUNT(tables); i++) {
		struct plan_sources s = {.cmdline = "root=/dev/mapper/sys",
			.crypttab = tables[i],
			.crypttab_path = "t"};

		plan_make(&s, &p);
		assert_non_null(p.root_left_out);
		assert_string_equal(p.root_left_out, "sys");
		s.conf = "volume=sys,/dev/c";
		s.conf_path = "c";
		plan_make(&s, &p);
		assert_null(p.root_left_out);
		s.conf = NULL;
		s.cmdline = "root=/dev/mapper/sys root=LABEL=x";
		plan_make(&s, &p);
		assert_null(p.root_left_out);
	}
	for (unsigned i = 0; i < 2; i++) {
		static char line[4096];

		snprintf(line, sizeof(line), "volume = sys,/dev/a,%s%.*s", i ? "\033" : "/", i ? 1 : 2100,
			zeros);
		plan_make(&(struct plan_sources){"root=/dev/mapper/sys", NULL, "t", line, "c"}, &p);
		assert_non_null(p.root_left_out);
	}
	plan_make(&(struct plan_sources){.cmdline = "latchkey.volume=sys,nowhere root=/dev/mapper/sys"}, &p);
	assert_non_null(p.root_left_out);
	assert_string_equal(p.root_left_out, "sys");
}

/* Remarks leave room for bad news, and what does not fit is counted as lost. */
static void remarks_crowd_out_bad_news(void **state)
{
	static struct plan p;
	static char text[8192];
	struct plan_sources s = {.crypttab = text, .crypttab_path = "t"};
	unsigned bad = 0;

	(void)state;
	*text = 0;
	strcat(text, "a /dev/a none o1");
	for (int i = 0; i < PLAN_NOTES_MAX; i++)
		sprintf(text + strlen(text), ",oo%d", i);
	strcat(text, "\n");
	for (int i = 0; i < 3; i++)
		strcat(text, "bad\n");
	plan_make(&s, &p);
	assert_int_equal(p.count, 1);
	assert_true(p.notes_lost);
	for (unsigned i = 0; i < p.note_count; i++)
		bad += p.notes[i].bad;
	assert_int_equal(bad, 3);
	for (int i = 0; i < PLAN_NOTES_MAX; i++)
		strcat(text, "bad\n");
	strcat(text, "z /dev/z\n");
	plan_make(&s, &p);
	assert_int_equal(p.note_count, PLAN_NOTES_MAX);
	assert_int_equal(p.count, 2);
}

/* A long line is named and the next one is read. */
static void a_long_line_takes_the_others_with_it(void **state)
{
	static struct plan p;
	static char text[8192];
	struct plan_sources s = {.crypttab = text, .crypttab_path = "t"};

	(void)state;
	memset(text, 'x', 2049);
	strcpy(text + 2049, "\na /dev/a\n");
	plan_make(&s, &p);
	assert_int_equal(p.count, 1);
	assert_string_equal(p.volumes[0].where, "t:2");
	assert_string_equal(p.notes[0].text, "t:1: skipped: line longer than 2048 bytes");
	memset(text, 'x', 2038);
	memcpy(text + 2038, " /dev/long", 10);
	strcpy(text + 2048, "\na /dev/a\n");
	plan_make(&s, &p);
	assert_int_equal(p.count, 1);
	assert_memory_equal(p.notes[0].text, "t:1: skipped: invalid name of a mapping: xxx", 41);
}

/* More text than the pool holds: every line beyond it is named as far as notes go, nothing is overwritten. */
static void a_full_pool_is_written_past_its_end(void **state)
{
	enum { LINES = 20, EACH = 2000 };
	static struct plan p;
	static char text[LINES * EACH + 64];
	struct plan_sources s = {.crypttab = text, .crypttab_path = "t"};

	(void)state;
	memset(text, '/', sizeof(text));
	for (int i = 0; i < LINES; i++) {
		char *line = text + i * EACH;

		line[sprintf(line, "v%d /dev/v%d /", i, i)] = '/';
		line[EACH - 1] = '\n';
	}
	text[LINES * EACH] = 0;
	plan_make(&s, &p);
	assert_true(p.pool_used <= PLAN_POOL_BYTES);
	assert_in_range(p.count, 11, 14);
	assert_string_equal(p.volumes[p.count - 1].name, p.volumes[p.count - 1].device + 5);
	assert_true(p.note_count > 0 && p.notes[0].bad);
	assert_non_null(strstr(p.notes[0].text, "skipped: configuration too large"));
}

static void a_command_line_longer_than_the_pool_is_read_past_its_end(void **state)
{
	static struct plan p;
	static char text[40000];
	struct plan_sources s = {.cmdline = text};

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	plan_make(&s, &p);
	assert_int_equal(p.count, 0);
	assert_string_equal(p.notes[0].text, "kernel command line: skipped: configuration too large");
}

/* The table of statements is full: what is behind is named, but the root has its place. */
static void the_root_is_left_out_behind_too_many_lines(void **state)
{
	enum { LINES = 513, EACH = 10 };
	static struct plan p;
	static char text[LINES * EACH + 64];
	struct plan_sources s = {.cmdline = "root=/dev/mapper/sys", .crypttab = text, .crypttab_path = "t"};

	(void)state;
	for (int i = 0; i < LINES; i++)
		sprintf(text + strlen(text), "v%d x\n", i); /* no devices */
	strcat(text, "sys /dev/s\nv /dev/v\n");
	plan_make(&s, &p);
	assert_int_equal(p.count, 1);
	assert_string_equal(p.volumes[0].name, "sys");
	assert_string_equal(p.notes[0].text, "t:512: skipped: more than 512 words and lines: v511");
	assert_true(p.notes[0].bad && p.notes_lost);
}

/* 64 lines of crypttab, of @each bytes. */
static const char *long_lines(size_t each)
{
	static char text[64 * 1024];

	*text = 0;
	for (int i = 0; i < 64; i++) {
		char *line = text + strlen(text);
		size_t used = (size_t)sprintf(line, "v%d /dev/v%d - header=/", i, i);

		memset(line + used, 'x', each - used);
		strcpy(line + each - 1, "\n");
	}
	return text;
}

/* Texts that are read leave room for what is made of them: where a volume is from, its usual key. */
static void lines_leave_no_room_for_the_places_of_their_volumes(void **state)
{
	static struct plan p;
	struct plan_sources s = {.crypttab = long_lines(395), .crypttab_path = "t"};

	(void)state;
	plan_make(&s, &p);
	assert_int_equal(p.count, 64);
	assert_int_equal(p.note_count, 0);
	assert_string_equal(p.volumes[63].keys[0].path, "/etc/cryptsetup-keys.d/v63.key");
	s.crypttab = long_lines(520); /* more than may be read */
	plan_make(&s, &p);
	assert_in_range(p.count, 45, 63);
	for (unsigned i = 0; i < p.count; i++)
		assert_int_equal(p.volumes[i].key_count, 1);
}

/* A line that is shown must not lose its end, and with it the next line's beginning. */
static void a_long_text_is_shown_without_its_newline(void **state)
{
	static struct plan p;
	static char text[2048], shown[8192];
	struct plan_sources s = {.crypttab = text, .crypttab_path = "t"};

	(void)state;
	strcpy(text, "a /dev/");
	memset(text + 7, 'x', 1500);
	strcpy(text + 1507, " /key");
	plan_make(&s, &p);
	plan_shown(&p, shown, sizeof(shown));
	assert_non_null(strstr(shown, "x\n  from t:1\n  needed yes\n  key /key\n" USUAL));
}

static void notes_that_are_lost_are_not_said(void **state)
{
	static struct plan p;
	char shown[256];
	struct plan_sources s = {NULL};

	(void)state;
	plan_make(&s, &p);
	p.notes_lost = true;
	plan_shown(&p, shown, sizeof(shown));
	assert_string_equal(shown, USUAL "note: more notes than fit here\n");
}

int main(void)
{
	plan_rows(conf, COUNT(conf));
	ROW(nothing_at_all_is_no_plan);
	ROW(a_volume_too_many_is_written_past_the_table_or_not_named);
	ROW(the_root_is_left_out_as_the_last_line_of_too_many);
	ROW(the_root_of_the_board_is_left_out_behind_a_full_crypttab);
	ROW(a_uuid_too_many_is_written_past_the_table_or_called_none);
	ROW(the_root_is_left_out_as_the_last_uuid_of_too_many);
	ROW(the_root_is_left_out_for_want_of_room);
	ROW(a_root_that_is_left_out_is_not_told);
	ROW(remarks_crowd_out_bad_news);
	ROW(a_long_line_takes_the_others_with_it);
	ROW(a_full_pool_is_written_past_its_end);
	ROW(a_command_line_longer_than_the_pool_is_read_past_its_end);
	ROW(the_root_is_left_out_behind_too_many_lines);
	ROW(lines_leave_no_room_for_the_places_of_their_volumes);
	ROW(a_long_text_is_shown_without_its_newline);
	ROW(notes_that_are_lost_are_not_said);
	return rows_run("config plan");
}
