/* SPDX-License-Identifier: MIT */
/* The kernel command line as init reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "init/cmdline.c" /* init's modules are in no library */

#include <stdlib.h>

/* A parsed command line in memory of its exact size, so that a sanitizer sees every byte too far. */
struct line {
	struct init_cmdline w;
	char *text;
};

static struct line parse(const char *text)
{
	struct line l;

	l.text = malloc(strlen(text) + 1);
	assert_non_null(l.text);
	memcpy(l.text, text, strlen(text) + 1);
	init_cmdline_parse(&l.w, l.text);
	return l;
}

static void drop(struct line *l)
{
	free(l->text);
}

static void defaults_of_an_empty_line(void **state)
{
	struct line l = parse("");

	(void)state;
	assert_null(l.w.root);
	assert_null(l.w.init);
	assert_false(l.w.rw);
	assert_int_equal(l.w.panic_s, 0);
	assert_null(l.w.bad_panic);
	drop(&l);
}

static void each_word_for_the_keymap_is_known(void **state)
{
	static const char *const words[] = {"keymap=fr", "vconsole.keymap=fr",
		"keymap=de rd.vconsole.keymap=fr"};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct line l = parse(words[i]);

		assert_string_equal(l.w.keymap, "fr");
		drop(&l);
	}
}

static void arrays_beyond_the_fourth_are_not_kept(void **state)
{
	struct line l = parse("md=0,/a,/b md=1,/c md=2,/d md=3,/e md=4,/f");

	(void)state;
	assert_int_equal(l.w.array_count, INIT_ARRAYS_MAX);
	assert_string_equal(l.w.arrays[0], "0,/a,/b");
	assert_string_equal(l.w.arrays[3], "3,/e");
	drop(&l);
}

static void every_word_is_kept(void **state)
{
	struct line l =
		parse("BOOT_IMAGE=/vmlinuz latchkey.device=UUID=1-2 root=UUID=1-2 rootfstype=ext4,xfs "
		      "rootflags=subvol=@ init=/i rw rootwait panic=-1 quiet\n");

	(void)state;
	assert_string_equal(l.w.root, "UUID=1-2");
	assert_string_equal(l.w.rootfstype, "ext4,xfs");
	assert_string_equal(l.w.rootflags, "subvol=@");
	assert_string_equal(l.w.init, "/i");
	assert_true(l.w.rw);
	assert_true(l.w.root_wait);
	assert_true(l.w.quiet);
	assert_int_equal(l.w.root_wait_s, 0);
	assert_int_equal(l.w.panic_s, -1);
	assert_null(l.w.bad_panic);
	drop(&l);
}

static void the_later_word_counts(void **state)
{
	struct line l = parse("rw root=/a panic=5 init=/k root=/b ro panic=0 init=");

	(void)state;
	assert_string_equal(l.w.root, "/b");
	assert_null(l.w.init);
	assert_false(l.w.rw);
	assert_int_equal(l.w.panic_s, 0);
	drop(&l);
}

static void the_longest_wait_counts_and_an_endless_one_is_another(void **state)
{
	struct line l = parse("rootwait=30 rootdelay=20 rootdelay=x rootwait=4294967296");

	(void)state;
	assert_false(l.w.root_wait);
	assert_false(l.w.quiet);
	assert_int_equal(l.w.root_wait_s, 30);
	drop(&l);
}

static void numbers_of_devices(void **state)
{
	static const struct {
		const char *spec;
		unsigned major, minor;
	} rows[] = {{"254:0", 254, 0}, {"8:17", 8, 17}, {"259:300", 259, 300}, {"fe00", 254, 0},
		{"FE11", 254, 17}, {"811", 8, 17}, {"0x", ~0u, 0}, {"10310312", 0x103, 0x10312}, {"", ~0u, 0},
		{"254:", ~0u, 0}, {":0", ~0u, 0}, {"254:0:1", ~0u, 0}, {"254:-1", ~0u, 0},
		{"4294967296:0", ~0u, 0}, {"/dev/sda", ~0u, 0}, {"fe00x", ~0u, 0}, {"123456789", ~0u, 0},
		{"UUID=254", ~0u, 0}, {"99999999999999999999:0", ~0u, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		unsigned major = ~0u, minor = 0;
		bool is = init_cmdline_device_number(rows[i].spec, &major, &minor);

		if (is != (rows[i].major != ~0u) ||
			(is && (major != rows[i].major || minor != rows[i].minor)))
			fail_msg("%s: %d, %u:%u", rows[i].spec, is, major, minor);
	}
}

static void quotes_protect_blanks(void **state)
{
	struct line l = parse("  root=\"/a b\"\t\"rootflags=c d\" init=\"/open quote");

	(void)state;
	assert_string_equal(l.w.root, "/a b");
	assert_string_equal(l.w.rootflags, "c d");
	assert_string_equal(l.w.init, "/open quote");
	drop(&l);
}

static void two_dashes_end_the_words(void **state)
{
	struct line l = parse("init=/a -- init=/b panic=x");

	(void)state;
	assert_string_equal(l.w.init, "/a");
	assert_null(l.w.bad_panic);
	drop(&l);
}

static void what_is_no_number_is_named(void **state)
{
	static const char *const values[] = {"soon", "-", "4294967297", ""};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct line l;

		text_format(text, sizeof(text), "panic=%s", values[i]);
		l = parse(text);
		assert_string_equal(l.w.bad_panic, values[i]);
		assert_int_equal(l.w.panic_s, 0);
		drop(&l);
	}
}

static void mount_options_are_split(void **state)
{
	unsigned long flags = MS_RDONLY | MS_SILENT;
	char data[64];

	(void)state;
	assert_true(init_cmdline_mount_options("rw,noatime,,subvol=@/a,nosuid,compress=zstd,", &flags, data,
		sizeof(data)));
	assert_int_equal(flags, MS_SILENT | MS_NOATIME | MS_NOSUID);
	assert_string_equal(data, "subvol=@/a,compress=zstd");

	flags = MS_RELATIME;
	assert_true(init_cmdline_mount_options("strictatime,ro", &flags, data, sizeof(data)));
	assert_int_equal(flags, MS_STRICTATIME | MS_RDONLY);
	assert_string_equal(data, "");

	/* Not a flag because it begins like one. */
	flags = 0;
	assert_true(init_cmdline_mount_options("norecovery,sync_all,r", &flags, data, sizeof(data)));
	assert_int_equal(flags, 0);
	assert_string_equal(data, "norecovery,sync_all,r");
}

static void mount_options_that_do_not_fit_are_refused(void **state)
{
	unsigned long flags = 0;
	char data[8];

	(void)state;
	assert_true(init_cmdline_mount_options("abc,def", &flags, data, sizeof(data)));
	assert_string_equal(data, "abc,def");
	assert_false(init_cmdline_mount_options("abc,defg", &flags, data, sizeof(data)));
	assert_false(init_cmdline_mount_options("abcdefgh", &flags, data, sizeof(data)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_of_an_empty_line),
		cmocka_unit_test(each_word_for_the_keymap_is_known),
		cmocka_unit_test(arrays_beyond_the_fourth_are_not_kept),
		cmocka_unit_test(every_word_is_kept),
		cmocka_unit_test(the_later_word_counts),
		cmocka_unit_test(the_longest_wait_counts_and_an_endless_one_is_another),
		cmocka_unit_test(numbers_of_devices),
		cmocka_unit_test(quotes_protect_blanks),
		cmocka_unit_test(two_dashes_end_the_words),
		cmocka_unit_test(what_is_no_number_is_named),
		cmocka_unit_test(mount_options_are_split),
		cmocka_unit_test(mount_options_that_do_not_fit_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
