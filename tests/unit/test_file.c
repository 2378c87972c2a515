/* SPDX-License-Identifier: MIT */
/* Tests of base/file: the NUL, the bytes that fit, and what is too long. */
#include "unit.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char path[] = "/tmp/unit-file-XXXXXX", folder[] = "/tmp/unit-folder-XXXXXX";
static size_t portion = SIZE_MAX; /* the most that read(2) of this program gives at once */
static bool broken;               /* the second read(2) fails */

ssize_t read(int fd, void *buf, size_t size)
{
	static unsigned calls;

	if (broken && ++calls % 2 == 0) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_read, fd, buf, size < portion ? size : portion);
}

static void write_file(const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

TEST(no_nul_behind_the_text)
{
	char buf[16];

	memset(buf, 'x', sizeof(buf));
	write_file("some text\n");
	assert_int_equal(file_read(path, buf, sizeof(buf)), 10);
	assert_string_equal(buf, "some text\n");
	assert_int_equal(buf[11], 'x');
}

TEST(the_first_portion_is_taken_for_all)
{
	char buf[16];

	write_file("some text\n");
	portion = 3;
	assert_int_equal(file_read(path, buf, sizeof(buf)), 10);
	portion = SIZE_MAX;
	assert_string_equal(buf, "some text\n");
}

TEST(an_empty_file_is_an_error)
{
	char buf[4] = "xxx";

	write_file("");
	assert_int_equal(file_read(path, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
}

TEST(what_just_fits_is_refused)
{
	char buf[8];

	write_file("1234567");
	assert_int_equal(file_read(path, buf, sizeof(buf)), 7);
	assert_string_equal(buf, "1234567");
}

TEST(too_long_is_taken_for_whole)
{
	char buf[8];

	write_file("12345678");
	errno = 0;
	assert_int_equal(file_read(path, buf, sizeof(buf)), -1);
	assert_int_equal(errno, EFBIG);
	assert_string_equal(buf, "1234567");
}

TEST(an_error_leaves_old_bytes)
{
	char buf[8] = "old";

	assert_int_equal(file_read("/nonexistent/file", buf, sizeof(buf)), -1);
	assert_int_equal(errno, ENOENT);
	assert_string_equal(buf, "");
	assert_int_equal(file_read(folder, strcpy(buf, "old"), sizeof(buf)), -1);
	assert_int_equal(errno, EISDIR);
	assert_string_equal(buf, "");
}

TEST(half_a_file_is_taken_for_whole)
{
	char buf[16] = "old";

	write_file("some text\n");
	portion = 3;
	broken = true;
	assert_int_equal(file_read(path, buf, sizeof(buf)), -1);
	portion = SIZE_MAX;
	broken = false;
	assert_int_equal(errno, EIO);
	assert_string_equal(buf, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_nul_behind_the_text),
		cmocka_unit_test(the_first_portion_is_taken_for_all),
		cmocka_unit_test(an_empty_file_is_an_error),
		cmocka_unit_test(what_just_fits_is_refused),
		cmocka_unit_test(too_long_is_taken_for_whole),
		cmocka_unit_test(an_error_leaves_old_bytes),
		cmocka_unit_test(half_a_file_is_taken_for_whole),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0 || !mkdtemp(folder))
		return 1;
	close(fd);
	failed = cmocka_run_group_tests_name("file", tests, NULL, NULL);
	unlink(path);
	rmdir(folder);
	return failed;
}
