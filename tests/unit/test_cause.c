/* SPDX-License-Identifier: MIT */
/* Tests of base/cause: the table of exit codes, and sentences. */
#include "unit.h"
#include "base/cause.h"
#include <ctype.h>
#include <errno.h>

TEST(an_exit_code_changes)
{
	static const struct {
		enum cause cause;
		int code;
		const char *name;
	} contract[] = {{CAUSE_OK, 0, "ok"}, {CAUSE_USAGE, 1, "usage"}, {CAUSE_PASSPHRASE, 2, "passphrase"},
		{CAUSE_RESOURCE, 3, "resource"}, {CAUSE_DEVICE, 4, "device"}, {CAUSE_EXISTS, 5, "exists"},
		{CAUSE_DAMAGED, 6, "damaged"}, {CAUSE_UNSUPPORTED, 7, "unsupported"},
		{CAUSE_KERNEL, 8, "kernel"}, {CAUSE_BUG, 9, "bug"}};

	assert_int_equal(CAUSE_COUNT, COUNT(contract));
	for (size_t i = 0; i < COUNT(contract); i++) {
		assert_int_equal(contract[i].cause, contract[i].code);
		assert_string_equal(cause_info(contract[i].cause)->name, contract[i].name);
	}
}

TEST(a_cause_has_no_meaning_or_somebody_elses)
{
	for (int i = 0; i < CAUSE_COUNT; i++) {
		assert_non_null(cause_info((enum cause)i)->meaning);
		assert_true(strlen(cause_info((enum cause)i)->meaning) > 10);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(cause_info((enum cause)i)->meaning,
				cause_info((enum cause)j)->meaning);
	}
}

TEST(a_cause_outside_the_table_reads_beyond_it)
{
	assert_ptr_equal(cause_info((enum cause)CAUSE_COUNT), cause_info(CAUSE_BUG));
	assert_ptr_equal(cause_info((enum cause) - 1), cause_info(CAUSE_BUG));
	assert_ptr_equal(cause_info((enum cause)100000), cause_info(CAUSE_BUG));
}

TEST(a_leaf_returns_another_cause_than_it_set)
{
	struct error err = {.os_errno = 5};

	for (int i = 0; i < CAUSE_COUNT; i++) {
		assert_int_equal(error_set(&err, (enum cause)i, "%s %d", "keyslot", i), i);
		assert_int_equal(err.cause, i);
		assert_int_equal(error_set_os(&err, (enum cause)i, EIO, "reading"), i);
		assert_int_equal(err.cause, i);
		assert_int_equal(err.os_errno, EIO);
	}
	(void)error_set(&err, CAUSE_DEVICE, "keyslot %d", 3);
	assert_string_equal(err.text, "keyslot 3");
	assert_int_equal(err.os_errno, 0);
}

TEST(a_failed_system_call_does_not_say_why)
{
	struct error err;
	char want[ERROR_TEXT_BYTES];

	(void)error_set_os(&err, CAUSE_DEVICE, ENOENT, "%s: cannot be opened", "/dev/sdz");
	snprintf(want, sizeof(want), "/dev/sdz: cannot be opened: %s", strerror(ENOENT));
	assert_string_equal(err.text, want);
}

TEST(a_prefix_changes_the_cause_or_loses_the_sentence)
{
	struct error err;

	(void)error_set_os(&err, CAUSE_KERNEL, EINVAL, "load");
	(void)error_set(&err, CAUSE_RESOURCE, "no room");
	err.os_errno = ENOMEM;
	error_prefix(&err, "keyslot %u", 7u);
	error_prefix(&err, "%s", "/dev/sda2");
	assert_int_equal(err.cause, CAUSE_RESOURCE);
	assert_int_equal(err.os_errno, ENOMEM);
	assert_string_equal(err.text, "/dev/sda2: keyslot 7: no room");
	error_append(&err, "; %u left", 3u);
	assert_int_equal(err.cause, CAUSE_RESOURCE);
	assert_int_equal(err.os_errno, ENOMEM);
	assert_string_equal(err.text, "/dev/sda2: keyslot 7: no room; 3 left");
}

static void assert_one_line(const struct error *err)
{
	assert_non_null(memchr(err->text, 0, sizeof(err->text)));
	for (const char *p = err->text; *p; p++)
		assert_false(iscntrl((unsigned char)*p));
}

TEST(header_text_drives_the_terminal)
{
	const char *evil = "a\nb\033[2Jc\r\x7f";
	struct error err;

	(void)error_set(&err, CAUSE_DAMAGED, "%s", evil);
	assert_one_line(&err);
	(void)error_set_os(&err, CAUSE_DAMAGED, EIO, "%s", evil);
	assert_one_line(&err);
}

TEST(a_prefix_or_a_postscript_brings_a_newline_into_the_sentence)
{
	struct error err;

	(void)error_set(&err, CAUSE_DEVICE, "is gone");
	error_prefix(&err, "%s", "/dev/a\nb\033[2J");
	assert_one_line(&err);
	error_append(&err, "%s", "c\nd\033[2J");
	assert_one_line(&err);
}

TEST(a_long_sentence_overruns_the_error)
{
	struct {
		struct error err;
		char behind[64];
	} s;
	char longer[2 * ERROR_TEXT_BYTES];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	memset(s.behind, '#', sizeof(s.behind));
	(void)error_set(&s.err, CAUSE_DEVICE, "%s", longer);
	assert_one_line(&s.err);
	(void)error_set_os(&s.err, CAUSE_DEVICE, EIO, "%s", longer);
	assert_one_line(&s.err);
	for (int i = 0; i < 3; i++)
		error_prefix(&s.err, "%s", longer);
	assert_one_line(&s.err);
	for (int i = 0; i < 3; i++)
		error_append(&s.err, "%s", longer);
	assert_one_line(&s.err);
	(void)error_set(&s.err, CAUSE_DEVICE, "the end");
	longer[ERROR_TEXT_BYTES - 4] = 0;
	error_prefix(&s.err, "%s", longer);
	assert_one_line(&s.err);
	assert_int_equal(unit_others(s.behind, '#', sizeof(s.behind)), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exit_code_changes),
		cmocka_unit_test(a_cause_has_no_meaning_or_somebody_elses),
		cmocka_unit_test(a_cause_outside_the_table_reads_beyond_it),
		cmocka_unit_test(a_leaf_returns_another_cause_than_it_set),
		cmocka_unit_test(a_failed_system_call_does_not_say_why),
		cmocka_unit_test(a_prefix_changes_the_cause_or_loses_the_sentence),
		cmocka_unit_test(header_text_drives_the_terminal),
		cmocka_unit_test(a_prefix_or_a_postscript_brings_a_newline_into_the_sentence),
		cmocka_unit_test(a_long_sentence_overruns_the_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
