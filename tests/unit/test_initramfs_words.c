/* SPDX-License-Identifier: MIT */
/* The kernel command line as init reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../initramfs/words.c" /* init's modules are in no library */

#include <stdlib.h>

/* A parsed command line in memory of its exact size, so that a sanitizer sees every byte too far. */
struct line {
	struct words w;
	char *text;
};

static struct line parse(const char *text)
{
	struct line l;

	l.text = malloc(strlen(text) + 1);
	assert_non_null(l.text);
	memcpy(l.text, text, strlen(text) + 1);
	words_parse(&l.w, l.text);
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
	assert_null(l.w.device);
	assert_string_equal(l.w.name, "root");
	assert_null(l.w.key);
	assert_null(l.w.root);
	assert_null(l.w.init);
	assert_false(l.w.rw);
	assert_int_equal(l.w.panic_s, 0);
	assert_int_equal(l.w.option_count, 0);
	assert_int_equal(l.w.strange_count, 0);
	drop(&l);
}

static void every_word_is_kept(void **state)
{
	struct line l =
		parse("BOOT_IMAGE=/vmlinuz latchkey.device=UUID=1-2 latchkey.name=a.b latchkey.key=/k "
		      "latchkey.header=/h latchkey.tries=5 root=/dev/x rootfstype=ext4,xfs "
		      "rootflags=subvol=@ init=/i rw panic=-1 quiet\n");

	(void)state;
	assert_string_equal(l.w.device, "UUID=1-2");
	assert_string_equal(l.w.name, "a.b");
	assert_string_equal(l.w.key, "/k");
	assert_string_equal(l.w.header, "/h");
	assert_string_equal(l.w.tries, "5");
	assert_string_equal(l.w.root, "/dev/x");
	assert_string_equal(l.w.rootfstype, "ext4,xfs");
	assert_string_equal(l.w.rootflags, "subvol=@");
	assert_string_equal(l.w.init, "/i");
	assert_true(l.w.rw);
	assert_int_equal(l.w.panic_s, -1);
	assert_int_equal(l.w.strange_count, 0);
	drop(&l);
}

static void the_later_word_counts(void **state)
{
	struct line l = parse(
		"rw latchkey.device=/a panic=5 latchkey.key=/k latchkey.device=/b ro panic=0 latchkey.key=");

	(void)state;
	assert_string_equal(l.w.device, "/b");
	assert_null(l.w.key);
	assert_false(l.w.rw);
	assert_int_equal(l.w.panic_s, 0);
	drop(&l);
}

static void quotes_protect_blanks(void **state)
{
	struct line l = parse("  latchkey.key=\"/a b\"\t\"latchkey.device=/c d\" init=\"/open quote");

	(void)state;
	assert_string_equal(l.w.key, "/a b");
	assert_string_equal(l.w.device, "/c d");
	assert_string_equal(l.w.init, "/open quote");
	drop(&l);
}

static void two_dashes_end_the_words(void **state)
{
	struct line l = parse("init=/a -- init=/b latchkey.foo");

	(void)state;
	assert_string_equal(l.w.init, "/a");
	assert_int_equal(l.w.strange_count, 0);
	drop(&l);
}

static void options_become_latchkeys_own(void **state)
{
	static const char *const expected[] = {"--readonly", "--allow-discards", "--perf-no_read_workqueue",
		"--perf-no_write_workqueue", "--perf-same_cpu_crypt", "--perf-submit_from_crypt_cpus",
		"--perf-high_priority", "--disable-keyring"};
	struct line l =
		parse("latchkey.options=read-only,discard,,no-read-workqueue,perf-no_write_workqueue "
		      "latchkey.options=same-cpu-crypt,submit-from-crypt-cpus,high-priority,disable-keyring");

	(void)state;
	assert_int_equal(l.w.option_count, 8);
	for (size_t i = 0; i < 8; i++)
		assert_string_equal(l.w.options[i], expected[i]);
	drop(&l);
}

static void expect_strange(const char *text, const char *word)
{
	struct line l = parse(text);

	assert_int_equal(l.w.strange_count, 1);
	assert_string_equal(l.w.strange[0].word, word);
	assert_null(l.w.tries);
	assert_string_equal(l.w.name, "root");
	assert_int_equal(l.w.panic_s, 0);
	drop(&l);
}

static void what_is_not_understood_is_named(void **state)
{
	(void)state;
	expect_strange("latchkey.devise=/dev/vda", "latchkey.devise");
	expect_strange("latchkey.", "latchkey.");
	expect_strange("latchkey.options=readonly,key-file=/x", "key-file=/x");
	expect_strange("latchkey.tries=1000001", "latchkey.tries");
	expect_strange("latchkey.tries=-1", "latchkey.tries");
	expect_strange("latchkey.tries=3x", "latchkey.tries");
	expect_strange("latchkey.tries", "latchkey.tries");
	expect_strange("latchkey.name=../sda", "latchkey.name");
	expect_strange("latchkey.name=a\\b", "latchkey.name");
	expect_strange("panic=soon", "panic");
	expect_strange("panic=-", "panic");
	expect_strange("panic=4294967297", "panic");
}

static void more_than_fits_is_not_written(void **state)
{
	char text[4096] = "latchkey.options=verbose";
	struct line l;

	(void)state;
	for (int i = 0; i < 40; i++)
		strcat(text, ",verbose");
	for (int i = 0; i < 40; i++)
		strcat(text, " latchkey.nonsense");
	l = parse(text);
	assert_int_equal(l.w.option_count, WORDS_OPTIONS_MAX);
	assert_int_equal(l.w.strange_count, WORDS_STRANGE_MAX);
	drop(&l);
}

static void mount_options_are_split(void **state)
{
	unsigned long flags = MS_RDONLY | MS_SILENT;
	char data[64];

	(void)state;
	assert_true(words_mount_options(
		"rw,noatime,,subvol=@/a,nosuid,compress=zstd,", &flags, data, sizeof(data)));
	assert_int_equal(flags, MS_SILENT | MS_NOATIME | MS_NOSUID);
	assert_string_equal(data, "subvol=@/a,compress=zstd");

	flags = MS_RELATIME;
	assert_true(words_mount_options("strictatime,ro", &flags, data, sizeof(data)));
	assert_int_equal(flags, MS_STRICTATIME | MS_RDONLY);
	assert_string_equal(data, "");

	/* Not a flag because it begins like one. */
	flags = 0;
	assert_true(words_mount_options("norecovery,sync_all,r", &flags, data, sizeof(data)));
	assert_int_equal(flags, 0);
	assert_string_equal(data, "norecovery,sync_all,r");
}

static void mount_options_that_do_not_fit_are_refused(void **state)
{
	unsigned long flags = 0;
	char data[8];

	(void)state;
	assert_true(words_mount_options("abc,def", &flags, data, sizeof(data)));
	assert_string_equal(data, "abc,def");
	assert_false(words_mount_options("abc,defg", &flags, data, sizeof(data)));
	assert_false(words_mount_options("abcdefgh", &flags, data, sizeof(data)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_of_an_empty_line),
		cmocka_unit_test(every_word_is_kept),
		cmocka_unit_test(the_later_word_counts),
		cmocka_unit_test(quotes_protect_blanks),
		cmocka_unit_test(two_dashes_end_the_words),
		cmocka_unit_test(options_become_latchkeys_own),
		cmocka_unit_test(what_is_not_understood_is_named),
		cmocka_unit_test(more_than_fits_is_not_written),
		cmocka_unit_test(mount_options_are_split),
		cmocka_unit_test(mount_options_that_do_not_fit_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
