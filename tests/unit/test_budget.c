/* SPDX-License-Identifier: MIT */
/* Tests of keyslot/budget, with a clock of our own: 500 iterations of PBKDF2 take 20 ms. */
#include "unit.h"
#include "keyslot/budget.h"
#include "keyslot/search.h"
#include "real_mmap.h"
#include <errno.h>
#include <sys/mman.h>
#include <time.h>

enum { ITERATIONS_PER_S = 25000 };

static int64_t now_us;
static unsigned looks;

int clock_gettime(clockid_t id, struct timespec *t)
{
	(void)id;
	looks++;
	now_us += 20000;
	*t = (struct timespec){.tv_sec = (time_t)(now_us / 1000000),
		.tv_nsec = (long)(now_us % 1000000 * 1000)};
	return 0;
}

/* Argon2's matrix, which alone is so large, cannot be had. */
static bool no_memory;

void *mmap(void *where, size_t len, int prot, int flags, int fd, off_t off)
{
	if (no_memory && len >= 2 << 20) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return real_mmap(where, len, prot, flags, fd, off);
}

static struct luks luks;
static const struct luks_keyslot *list[LUKS_KEYSLOTS_MAX];
static uint64_t needed_ms;

/* Keyslots of so many seconds; those of negative ones have the priority "prefer". */
static void make(const int *seconds, unsigned n)
{
	memset(&luks, 0, sizeof(luks));
	luks.digest_count = 1;
	luks.digests[0] = (struct luks_digest){.hash = HASH_SHA256,
		.iterations = 500,
		.value_bytes = 32,
		.covers_data = true};
	for (unsigned i = 0; i < n; i++) {
		struct luks_keyslot *slot = &luks.keyslots[luks.keyslot_count++];

		*slot = (struct luks_keyslot){.id = i,
			.priority = seconds[i] < 0 ? LUKS_PRIORITY_PREFER : LUKS_PRIORITY_NORMAL,
			.kdf = {.kind = KDF_PBKDF2,
				.hash = HASH_SHA256,
				.iterations = (uint32_t)abs(seconds[i]) * ITERATIONS_PER_S,
				.salt_bytes = 32},
			.area_cipher = CIPHER_AES_XTS_PLAIN64,
			.key_bytes = 32,
			.area_key_bytes = 32};
		list[i] = slot;
	}
}

static struct keyslot_source source(unsigned limit_s)
{
	struct keyslot_source src = {.luks = &luks, .limits = kdf_default_limits};

	src.limits.time_ms = limit_s * 1000;
	return src;
}

static void assert_fit(unsigned limit_s, unsigned kept, const char *order)
{
	struct keyslot_source src = source(limit_s);
	char got[16];

	assert_int_equal(budget_fit(&src, list, luks.keyslot_count, &needed_ms), kept);
	for (unsigned i = 0; i < luks.keyslot_count; i++)
		got[i] = (char)('0' + list[i]->id);
	got[luks.keyslot_count] = 0;
	assert_string_equal(got, order);
}

TEST(keyslots_that_fit_are_sorted_or_left_out)
{
	make((int[]){20, 30, 9}, 3);
	assert_fit(60, 3, "012");
	assert_int_equal(needed_ms, 0);
}

TEST(each_keyslot_has_the_whole_time)
{
	make((int[]){40, 30, 9, 35}, 4);
	assert_fit(60, 2, "2130");
	assert_in_range(needed_ms, 114000, 115000); /* with the digests */
}

TEST(a_costly_keyslot_keeps_a_cheap_one_from_being_tried)
{
	make((int[]){1000, 1000, 1}, 3);
	assert_fit(60, 1, "201");
}

TEST(cost_counts_more_than_priority)
{
	make((int[]){-50, -40, 1, 5}, 4);
	assert_fit(60, 3, "1230");
}

TEST(the_digest_costs_nothing)
{
	make((int[]){20, 20}, 2);
	luks.digests[0].iterations = 15 * ITERATIONS_PER_S;
	assert_fit(60, 1, "01");
	assert_in_range(needed_ms, 70000, 71000);
}

TEST(a_keyslot_that_cannot_be_tried_takes_the_time_of_one_that_can)
{
	make((int[]){50, 50}, 2);
	luks.keyslots[0].verdict.cause = CAUSE_UNSUPPORTED;
	assert_fit(60, 2, "01");
}

TEST(a_sum_that_overflows_fits)
{
	make((int[]){1, 1, 1, 1}, 4);
	for (unsigned i = 0; i < 3; i++)
		luks.keyslots[i].kdf = (struct kdf){.kind = KDF_ARGON2ID,
			.iterations = 1u << 29,
			.memory_kib = 1 << 20,
			.lanes = 1,
			.salt_bytes = 32};
	{
		struct keyslot_source src = source(60);

		src.limits.kib_passes = UINT64_MAX;
		assert_int_equal(budget_fit(&src, list, 4, &needed_ms), 1);
		assert_int_equal(list[0]->id, 3);
	}
}

/* What cannot be tried costs nothing: also where its cost would make the sum begin anew at 0. */
TEST(keyslots_that_cannot_be_tried_make_the_sum_wrap)
{
	make((int[]){70, 1, 1, 1, 1}, 5);
	for (unsigned i = 1; i < 5; i++)
		luks.keyslots[i].kdf = (struct kdf){.kind = KDF_ARGON2ID,
			.iterations = UINT32_MAX,
			.memory_kib = UINT32_MAX,
			.lanes = 1,
			.salt_bytes = 32};
	/* 4 x 2^62 and the rest: measured or not, keyslot 0 does not fit. */
	assert_int_equal(budget_fit(&(struct keyslot_source){.luks = &luks, .limits = source(60).limits},
				 list, 5, &needed_ms),
		4);
	assert_in_range(needed_ms, 70000, 71000);
}

TEST(what_cannot_be_measured_costs_nothing)
{
	make((int[]){1, 1}, 2);
	luks.keyslots[0].kdf = (struct kdf){.kind = KDF_ARGON2ID,
		.iterations = 4,
		.memory_kib = 1 << 16,
		.lanes = 2,
		.salt_bytes = 32};
	no_memory = true;
	assert_fit(60, 1, "10");
	no_memory = false;
	assert_in_range(needed_ms, UINT64_MAX / LUKS_KEYSLOTS_MAX, UINT64_MAX / LUKS_KEYSLOTS_MAX + 2000);
}

TEST(without_a_limit_time_is_spent_on_measuring)
{
	make((int[]){1000, 1000, 1}, 3);
	looks = 0;
	assert_fit(0, 3, "012");
	make((int[]){1}, 1);
	assert_fit(60, 1, "0");
	assert_int_equal(looks, 0);
}

static unsigned skipped;

static void on_skipped(const struct error *why)
{
	skipped++;
	assert_non_null(strstr(why->text, "max-time="));
}

TEST(what_is_left_out_is_not_reported_or_blamed_on_the_passphrase)
{
	struct search s = {.source = source(60), .keyslot = SEARCH_ANY_KEYSLOT, .skipped = on_skipped};
	struct error err;

	make((int[]){70, 80}, 2);
	s.source.header = &(struct reader){.name = "image"};
	assert_int_equal(search_check(&s, &err), CAUSE_UNSUPPORTED);
	assert_int_equal(skipped, 2);
	assert_non_null(strstr(err.text, "keyslot 0 would take about 70 s"));
	assert_non_null(strstr(err.text, "max-time=188"));
	assert_in_range(search_needed_ms(&s), 150000, 151000);
	s.source.limits.time_ms = 188000;
	assert_int_equal(search_check(&s, &err), CAUSE_OK);
	assert_int_equal(search_needed_ms(&s), 0);
	assert_int_equal(skipped, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keyslots_that_fit_are_sorted_or_left_out),
		cmocka_unit_test(each_keyslot_has_the_whole_time),
		cmocka_unit_test(a_costly_keyslot_keeps_a_cheap_one_from_being_tried),
		cmocka_unit_test(cost_counts_more_than_priority),
		cmocka_unit_test(the_digest_costs_nothing),
		cmocka_unit_test(a_keyslot_that_cannot_be_tried_takes_the_time_of_one_that_can),
		cmocka_unit_test(a_sum_that_overflows_fits),
		cmocka_unit_test(keyslots_that_cannot_be_tried_make_the_sum_wrap),
		cmocka_unit_test(what_cannot_be_measured_costs_nothing),
		cmocka_unit_test(without_a_limit_time_is_spent_on_measuring),
		cmocka_unit_test(what_is_left_out_is_not_reported_or_blamed_on_the_passphrase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
