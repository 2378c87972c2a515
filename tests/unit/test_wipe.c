/* SPDX-License-Identifier: MIT */
/* Tests of secret/wipe: forgetting and comparing. */
#include "memory.h"
#include "secret/wipe.h"

TEST(wipe_forgets_too_little_or_too_much)
{
	uint8_t buf[200];

	for (size_t len = 0; len < 130; len++) {
		memset(buf, '#', sizeof(buf));
		wipe(buf + 16, len);
		assert_int_equal(unit_others(buf, '#', 16), 0);
		assert_int_equal(unit_others(buf + 16, 0, len), 0);
		assert_int_equal(unit_others(buf + 16 + len, '#', sizeof(buf) - 16 - len), 0);
	}
}

TEST(two_keys_that_differ_in_one_bit_are_equal)
{
	uint8_t a[64], b[64];

	unit_fill(1, a, sizeof(a));
	memcpy(b, a, sizeof(b));
	assert_true(wipe_equal(a, b, sizeof(a)));
	for (size_t bit = 0; bit < 8 * sizeof(a); bit++) {
		b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(wipe_equal(a, b, sizeof(a)));
		assert_true(wipe_equal(a, b, bit / 8));
		assert_true(wipe_equal(a + bit / 8 + 1, b + bit / 8 + 1, sizeof(a) - bit / 8 - 1));
		b[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

TEST(two_differences_cancel_out)
{
	uint8_t a[32] = {0}, b[32] = {0};

	for (size_t i = 1; i < sizeof(a); i++) {
		b[0] = b[i] = 0x80;
		assert_false(wipe_equal(a, b, sizeof(a)));
		b[i] = 0;
	}
	memset(a, 0xff, sizeof(a));
	memset(b, 0, sizeof(b));
	assert_false(wipe_equal(a, b, sizeof(a)));
}

/* The second page of what is compared has never been touched: the kernel knows whether it was read. */
TEST(the_comparison_stops_at_the_first_difference)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *a = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *b = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char resident[2];

	assert_ptr_not_equal(a, MAP_FAILED);
	assert_ptr_not_equal(b, MAP_FAILED);
	a[0] = 1;
	b[0] = 2;
	assert_int_equal(mincore((void *)b, 2 * page, resident), 0);
	assert_int_equal(resident[1] & 1, 0);
	assert_false(wipe_equal(a, b, 2 * page));
	assert_int_equal(mincore((void *)b, 2 * page, resident), 0);
	assert_int_equal(resident[1] & 1, 1);
	munmap(a, 2 * page);
	munmap(b, 2 * page);
}

enum { LEAKED_BYTES = 14 << 10 };

__attribute__((noinline)) static void leak(void)
{
	volatile uint8_t secret[LEAKED_BYTES];

	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = 0xe7;
}

static void leak_only(void *arg)
{
	(void)arg;
	leak();
}

static void leak_and_wipe(void *arg)
{
	(void)arg;
	leak();
	wipe_stack();
}

/* The longest run: single bytes like these are in addresses, too, at random. */
static size_t leaked(void (*run)(void *))
{
	size_t longest = 0, n = 0;

	other_stack_call(run, NULL, 0x11);
	for (size_t i = 0; i < OTHER_STACK_BYTES; i++) {
		n = other_stack.base[i] == 0xe7 ? n + 1 : 0;
		longest = n > longest ? n : longest;
	}
	return longest;
}

TEST(the_dead_stack_keeps_a_secret)
{
	assert_true(leaked(leak_only) >= LEAKED_BYTES);
	assert_in_range(leaked(leak_and_wipe), 0, 7);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(wipe_forgets_too_little_or_too_much),
		cmocka_unit_test(two_keys_that_differ_in_one_bit_are_equal),
		cmocka_unit_test(two_differences_cancel_out),
		cmocka_unit_test(the_comparison_stops_at_the_first_difference),
		cmocka_unit_test(the_dead_stack_keeps_a_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
