/* SPDX-License-Identifier: MIT */
/*
 * Tests of the cost of crypto/kdf_limits, with a clock of our own that advances at each
 * look.
 */
#include "unit.h"
/* As a source, to forget what was measured. */
#include "crypto/kdf_limits.c"
#include <time.h>

static int64_t now_us, look_us;

int clock_gettime(clockid_t id, struct timespec *t)
{
	(void)id;
	now_us += look_us;
	*t = (struct timespec){.tv_sec = (time_t)(now_us / 1000000),
		.tv_nsec = (long)(now_us % 1000000 * 1000)};
	return 0;
}

static uint64_t cost(enum kdf_kind kind, uint32_t iterations, uint32_t memory_kib, uint32_t lanes)
{
	struct kdf kdf = {.kind = kind,
		.hash = HASH_SHA256,
		.iterations = iterations,
		.memory_kib = memory_kib,
		.lanes = lanes,
		.salt_bytes = 32};

	memset(speeds, 0, sizeof(speeds));
	return kdf_cost_ms(&kdf, 64);
}

TEST(twice_the_work_takes_as_long)
{
	look_us = 20000; /* each trial takes this long, so there is one */
	assert_int_equal(cost(KDF_PBKDF2, 500, 0, 0), 20);
	assert_int_equal(cost(KDF_PBKDF2, 1000, 0, 0), 40);
	assert_int_equal(cost(KDF_PBKDF2, 750, 0, 0), 30);
	assert_int_equal(cost(KDF_PBKDF2, 50000000, 0, 0), 2000000);
	assert_int_equal(cost(KDF_ARGON2ID, 1, 8192, 1), 20);
	assert_int_equal(cost(KDF_ARGON2ID, 4, 8192, 1), 80);
	assert_int_equal(cost(KDF_ARGON2I, 4, 1 << 20, 4), 4 * 128 * 20);
	assert_int_equal(cost(KDF_ARGON2ID, 3, 64, 1), 60);
}

TEST(several_quick_trials_count_as_one)
{
	look_us = 2500; /* four trials to fill the time */
	assert_int_equal(cost(KDF_PBKDF2, 1000, 0, 0), 5);
	assert_int_equal(cost(KDF_PBKDF2, 10, 0, 0), 2);
}

TEST(a_cost_that_overflows_is_small)
{
	look_us = 1 << 21; /* two seconds for a trial: a slow router */
	assert_true(cost(KDF_ARGON2ID, 1000000, 8192, 1) == 2097152000ull);
	assert_true(cost(KDF_ARGON2ID, 1u << 31, 1u << 31, 1) > 1ull << 50);
	assert_true(cost(KDF_ARGON2ID, UINT32_MAX, UINT32_MAX, 1) > 1ull << 50);
	assert_true(cost(KDF_PBKDF2, UINT32_MAX, 0, 0) > 1ull << 33);
}

TEST(a_speed_is_measured_again_or_is_that_of_another_function)
{
	struct kdf kdf = {.kind = KDF_PBKDF2, .hash = HASH_SHA256, .iterations = 1000, .salt_bytes = 32};

	memset(speeds, 0, sizeof(speeds));
	look_us = 20000;
	assert_int_equal(kdf_cost_ms(&kdf, 32), 40);
	look_us = 50000;
	kdf.iterations = 2000;
	unit_fill(1, kdf.salt, sizeof(kdf.salt));
	assert_int_equal(kdf_cost_ms(&kdf, 32), 80);
	kdf.hash = HASH_SHA512;
	assert_int_equal(kdf_cost_ms(&kdf, 32), 200);
	kdf.hash = HASH_SHA256;
	assert_int_equal(kdf_cost_ms(&kdf, 64), 200);
	assert_int_equal(kdf_cost_ms(&kdf, 32), 80);
	for (uint32_t lanes = 1; lanes <= 4; lanes++) {
		kdf = (struct kdf){KDF_ARGON2ID, HASH_SHA256, 2, 8192, lanes, 32, {0}};
		assert_int_equal(kdf_cost_ms(&kdf, 64), 100);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(twice_the_work_takes_as_long),
		cmocka_unit_test(several_quick_trials_count_as_one),
		cmocka_unit_test(a_cost_that_overflows_is_small),
		cmocka_unit_test(a_speed_is_measured_again_or_is_that_of_another_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
