/* SPDX-License-Identifier: MIT */
/* What was already read for a volume. The loop that asks it: tests/boot/test_keys.py and test_sticks.py. */
#include "boot/seen.h"
#include "memory.h"

TEST(a_key_is_read_again_and_again_or_not_when_its_stick_is_plugged_in_again)
{
	static struct seen s;

	assert_false(seen_has(&s, 0, 0));
	assert_false(seen_has(&s, SEEN_STICK_KEY, 7));
	seen_add(&s, SEEN_STICK_KEY, 7);
	assert_true(seen_has(&s, SEEN_STICK_KEY, 7));
	assert_false(seen_has(&s, SEEN_STICK_KEY, 8));
	assert_false(seen_has(&s, SEEN_STICK_HEADER, 7));
	seen_add(&s, 0, 0);
	assert_true(seen_has(&s, 0, 0)); /* a file that is not on a device */
	assert_false(seen_has(&s, 1, 0));
}

TEST(what_stalled_is_not_read_again)
{
	static struct seen s;

	seen_add(&s, 0, 7);
	seen_add(&s, 1, 7);
	seen_remove(&s, 0, 7);
	seen_remove(&s, 0, 8);
	assert_false(seen_has(&s, 0, 7));
	assert_true(seen_has(&s, 1, 7));
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
			assert_true(seen_has(&one.s, SEEN_STICK_KEY, still));
		assert_false(plugged > SEEN_MAX && seen_has(&one.s, SEEN_STICK_KEY, plugged - SEEN_MAX));
	}
	assert_int_equal(one.behind, 0);
	assert_true(SEEN_MAX >= 2 * SCAN_STICKS_MAX + PLAN_KEYS_MAX + 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_read_again_and_again_or_not_when_its_stick_is_plugged_in_again),
		cmocka_unit_test(what_stalled_is_not_read_again),
		cmocka_unit_test(what_is_plugged_in_is_forgotten_or_a_write_runs_over_the_end),
	};

	return cmocka_run_group_tests_name("boot seen", tests, NULL, NULL);
}
