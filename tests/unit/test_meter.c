/* SPDX-License-Identifier: MIT */
/* Tests of unlock/meter on a pseudo-terminal, with a clock of our own. */
#include "unit.h"
#include "crypto/kdf.h"
#include "unlock/meter.h"
#include <fcntl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int64_t now_us;

int clock_gettime(clockid_t id, struct timespec *t)
{
	(void)id;
	*t = (struct timespec){.tv_sec = (time_t)(now_us / 1000000),
		.tv_nsec = (long)(now_us % 1000000 * 1000)};
	return 0;
}

static const struct luks_keyslot slot = {.id = 7, .kdf = {.kind = KDF_ARGON2ID, .memory_kib = 1 << 20}};
static int master, terminal;

static int setup(void **state)
{
	struct termios raw;

	(void)state;
	master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(terminal >= 0 && !tcgetattr(terminal, &raw));
	raw.c_oflag &= ~(tcflag_t)OPOST;
	return tcsetattr(terminal, TCSANOW, &raw);
}

/* All that has been written since the last time. */
static const char *written(int fd)
{
	static char text[4096];
	ssize_t n;
	size_t used = 0;

	usleep(20000); /* a pseudo-terminal's bytes arrive later than their write */
	while ((n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = 0;
	return text;
}

/* What kdf_derive does with whom it tells. */
static void work_done(uint64_t done, uint64_t total)
{
	const struct progress *told = kdf_tell(NULL);

	if (told)
		told->tell(told->context, done, total);
	(void)kdf_tell(told);
}

TEST(the_line_is_not_drawn_or_stays)
{
	struct meter m;

	now_us = 5000000;
	meter_begin(&m, terminal);
	meter_keyslot(&m, &slot);
	assert_string_equal(written(master), "\rkeyslot 7: argon2id, 1024 MiB: 0 %");
	now_us += 250000;
	work_done(1, 3);
	assert_string_equal(written(master), "\rkeyslot 7: argon2id, 1024 MiB: 33 %");
	meter_end(&m);
	assert_string_equal(written(master), "\r                                   \r");
	now_us += 1000000;
	work_done(2, 3);
	assert_string_equal(written(master), "");
}

TEST(seconds_left_are_told_too_early_or_wrong)
{
	struct meter m;

	now_us = 5000000;
	meter_begin(&m, terminal);
	meter_keyslot(&m, &slot);
	(void)written(master);
	now_us += 999000;
	work_done(1, 16);
	assert_string_equal(written(master), "\rkeyslot 7: argon2id, 1024 MiB: 6 %");
	now_us += 1001000;
	work_done(2, 16);
	assert_string_equal(written(master), "\rkeyslot 7: argon2id, 1024 MiB: 12 %, about 14 s left");
	now_us += 10000000;
	work_done(15, 16);
	assert_string_equal(written(master), "\rkeyslot 7: argon2id, 1024 MiB: 93 %, about 1 s left ");
	/* The next keyslot's time begins where this one's ends. */
	now_us += 1000000;
	work_done(16, 16);
	(void)written(master);
	now_us += 2000000;
	work_done(1, 16);
	assert_string_equal(written(master), "\rkeyslot 7: argon2id, 1024 MiB: 6 %, about 30 s left ");
	meter_end(&m);
}

TEST(it_is_drawn_more_often_than_anybody_reads)
{
	struct meter m;

	meter_begin(&m, terminal);
	meter_keyslot(&m, &slot);
	(void)written(master);
	for (uint64_t i = 1; i < 250; i++, now_us += 1000)
		work_done(i, 1000);
	assert_string_equal(written(master), "");
	now_us += 1000;
	work_done(999999999999, 1000000000000);
	assert_string_equal(written(master), "\rkeyslot 7: argon2id, 1024 MiB: 99 %");
	meter_end(&m);
	(void)written(master);
}

TEST(a_pipe_or_nobody_is_told)
{
	struct meter m;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	for (int i = 0; i < 2; i++) {
		meter_begin(&m, i ? ends[1] : -1);
		meter_keyslot(&m, &slot);
		now_us += 1000000;
		work_done(1, 2);
		meter_end(&m);
		assert_null(kdf_tell(NULL));
	}
	assert_string_equal(written(ends[0]), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_is_not_drawn_or_stays),
		cmocka_unit_test(seconds_left_are_told_too_early_or_wrong),
		cmocka_unit_test(it_is_drawn_more_often_than_anybody_reads),
		cmocka_unit_test(a_pipe_or_nobody_is_told),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
