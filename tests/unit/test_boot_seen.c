/* SPDX-License-Identifier: MIT */
/* What was already read for a volume. The loop that asks it: tests/boot/test_keys.py and test_sticks.py. */
#include "boot/seen.h"
#include "memory.h"

TEST(a_key_is_read_again_and_again_or_not_when_its_stick_is_plugged_in_again)
{
	static struct seen s;

	assert_false(seen_has(&s, 0, 0, 0));
	assert_false(seen_has(&s, SEEN_STICK_KEY, 7, 0));
	seen_add(&s, SEEN_STICK_KEY, 7);
	assert_true(seen_has(&s, SEEN_STICK_KEY, 7, 0));
	assert_false(seen_has(&s, SEEN_STICK_KEY, 8, 0));
	assert_false(seen_has(&s, SEEN_STICK_HEADER, 7, 0));
	seen_add(&s, 0, 0);
	assert_true(seen_has(&s, 0, 0, 0)); /* a file that is not on a device */
	assert_false(seen_has(&s, 1, 0, 0));
}

TEST(what_stalled_is_not_read_again)
{
	static struct seen s;

	seen_add(&s, 0, 7);
	seen_add(&s, 1, 7);
	seen_remove(&s, 0, 7);
	seen_remove(&s, 0, 8);
	assert_false(seen_has(&s, 0, 7, 0));
	assert_true(seen_has(&s, 1, 7, 0));
}

TEST(what_is_not_ready_is_not_read_again_or_too_soon_or_what_is_broken_without_end)
{
	static struct seen s;

	for (uint64_t ms = 1000; ms <= (1 + SEEN_ERRORS) * 1000; ms += 1000) {
		enum seen_again now = seen_again(&s, 0, 7, ms, true);

		assert_int_equal(now, SEEN_NO_MORE); /* no member */
		seen_add(&s, 1, 7);
		now = seen_again(&s, 1, 7, ms, true);
		assert_int_equal(now, ms == 1000                       ? SEEN_FIRST
				      : ms == (1 + SEEN_ERRORS) * 1000 ? SEEN_NO_MORE
								       : SEEN_AGAIN);
		assert_true(seen_has(&s, 1, 7, ms - 1));
		assert_int_equal(seen_has(&s, 1, 7, ms), now == SEEN_NO_MORE);
	}
	seen_add(&s, 1, 8); /* another stick at the same place */
	assert_int_equal(seen_again(&s, 1, 8, 9000, true), SEEN_FIRST);
	seen_add(&s, 1, 8);
	assert_true(seen_has(&s, 1, 8, 9000));
	assert_true(seen_has(&s, 1, 7, UINT64_MAX));
	for (unsigned n = 0; n < SEEN_MAX; n++) { /* one has the room of the broken one */
		seen_add(&s, 1, 100 + n);
		assert_int_equal(seen_again(&s, 1, 100 + n, 9000, true), SEEN_FIRST);
	}
}

TEST(a_drive_without_a_medium_is_read_only_so_often_or_its_errors_are_fewer_for_that)
{
	static struct seen s;

	seen_add(&s, 0, 7);
	for (unsigned n = 0; n < 1000; n++)
		assert_int_equal(seen_again(&s, 0, 7, 1, false), n ? SEEN_AGAIN : SEEN_FIRST);
	for (unsigned n = 0; n < SEEN_ERRORS; n++)
		assert_int_equal(seen_again(&s, 0, 7, 1, true), SEEN_AGAIN);
	assert_int_equal(seen_again(&s, 0, 7, 1, true), SEEN_NO_MORE);
}

TEST(what_is_added_again_takes_the_room_of_others)
{
	static struct seen s;

	seen_add(&s, 0, 7);
	for (unsigned n = 0; n < 2 * SEEN_MAX; n++)
		seen_add(&s, 0, 8);
	assert_true(seen_has(&s, 0, 7, 0));
}

TEST(what_is_plugged_in_is_forgotten_or_a_write_runs_over_the_end)
{
	static struct {
		struct seen s;
		uint64_t behind;
	} one;

	for (uint64_t plugged = 1; plugged <= 3 * SEEN_MAX; plugged++) {
		seen_add(&one.s, SEEN_STICK_KEY, plugged);
		for (uint64_t still = plugged < SEEN_MAX ? 1 : plugged - SEEN_MAX + 1; still <= plugged;
			still++)
			assert_true(seen_has(&one.s, SEEN_STICK_KEY, still, 0));
		assert_false(plugged > SEEN_MAX && seen_has(&one.s, SEEN_STICK_KEY, plugged - SEEN_MAX, 0));
	}
	assert_int_equal(one.behind, 0);
	assert_true(SEEN_MAX >= 2 * SCAN_STICKS_MAX + PLAN_KEYS_MAX + 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_read_again_and_again_or_not_when_its_stick_is_plugged_in_again),
		cmocka_unit_test(what_stalled_is_not_read_again),
		cmocka_unit_test(
			what_is_not_ready_is_not_read_again_or_too_soon_or_what_is_broken_without_end),
		cmocka_unit_test(
			a_drive_without_a_medium_is_read_only_so_often_or_its_errors_are_fewer_for_that),
		cmocka_unit_test(what_is_added_again_takes_the_room_of_others),
		cmocka_unit_test(what_is_plugged_in_is_forgotten_or_a_write_runs_over_the_end),
	};

	return cmocka_run_group_tests_name("boot seen", tests, NULL, NULL);
}
