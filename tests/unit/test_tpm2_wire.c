/* SPDX-License-Identifier: MIT */
/* The TPM's structures: big-endian whatever the machine is, and never a byte beyond the bounds. */
#include "token/tpm2/wire.h"
#include "unit.h"

TEST(a_number_is_written_in_another_order)
{
	uint8_t data[16];
	struct wire_out out = {.data = data, .room = sizeof(data)};

	wire_put_u8(&out, 0x01);
	wire_put_u16(&out, 0x0203);
	wire_put_u32(&out, 0x04050607);
	wire_put_sized(&out, "ab", 2);
	wire_put_sized(&out, NULL, 0);
	assert_false(out.full);
	assert_int_equal(out.len, 13);
	unit_equals_hex(data, "01020304050607000261620000");
}

TEST(a_number_is_read_in_another_order)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 0, 2, 'a', 'b', 0, 0};
	struct wire_in in = {data, sizeof(data), false};
	struct bytes got;

	assert_int_equal(wire_u8(&in), 0x01);
	assert_int_equal(wire_u16(&in), 0x0203);
	assert_int_equal(wire_u32(&in), 0x04050607);
	got = wire_sized(&in, 2);
	assert_int_equal(got.len, 2);
	assert_memory_equal(got.data, "ab", 2);
	assert_false(wire_is_whole(&in));
	assert_int_equal(wire_sized(&in, 2).len, 0);
	assert_true(wire_is_whole(&in));
}

/* The room is exact memory: the sanitizer sees a byte too many. */
TEST(something_is_written_beyond_the_room)
{
	for (size_t room = 0; room <= 8; room++) {
		uint8_t *data = malloc(room ? room : 1);
		struct wire_out out = {.data = data, .room = room};

		assert_non_null(data);
		wire_put_u16(&out, 7);
		wire_put_sized(&out, "abcd", 4);
		assert_int_equal(out.full, room < 8);
		assert_true(out.len <= room);
		free(data);
	}
}

TEST(what_follows_something_that_did_not_fit_is_written)
{
	uint8_t data[4] = {0};
	struct wire_out out = {.data = data, .room = sizeof(data)};

	wire_put(&out, "12345", 5);
	wire_put_u8(&out, 9);
	assert_true(out.full);
	assert_int_equal(out.len, 0);
	assert_int_equal(unit_others(data, 0, sizeof(data)), 0);
}

TEST(a_buffer_that_its_size_cannot_say_is_written)
{
	static uint8_t data[70000], big[65536];
	struct wire_out out = {.data = data, .room = sizeof(data)};

	wire_put_sized(&out, big, sizeof(big));
	assert_true(out.full);
	assert_int_equal(out.len, 0);
}

TEST(something_is_read_beyond_the_end)
{
	static const uint8_t bytes[] = {0, 4, 'a', 'b', 'c', 'd', 0, 0, 0, 1};

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		uint8_t *data = malloc(len ? len : 1);
		struct wire_in in = {data, len, false};
		struct bytes got;
		uint32_t number;

		assert_non_null(data);
		memcpy(data, bytes, len);
		got = wire_sized(&in, 4);
		number = wire_u32(&in);
		assert_int_equal(wire_is_whole(&in), len == sizeof(bytes));
		assert_int_equal(got.len, len >= 6 ? 4 : 0);
		assert_int_equal(number, len == sizeof(bytes));
		free(data);
	}
}

TEST(a_buffer_longer_than_wanted_is_read)
{
	static const uint8_t data[] = {0, 3, 'a', 'b', 'c', 1};
	struct wire_in in = {data, sizeof(data), false};

	assert_int_equal(wire_sized(&in, 2).len, 0);
	assert_true(in.cut);
	assert_int_equal(wire_u8(&in), 0);
	assert_false(wire_is_whole(&in));
}

TEST(a_size_of_65535_reaches_beyond_the_end)
{
	static const uint8_t data[] = {0xff, 0xff, 'a'};
	struct wire_in in = {data, sizeof(data), false};

	assert_int_equal(wire_sized(&in, 65535).len, 0);
	assert_true(in.cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_written_in_another_order),
		cmocka_unit_test(a_number_is_read_in_another_order),
		cmocka_unit_test(something_is_written_beyond_the_room),
		cmocka_unit_test(what_follows_something_that_did_not_fit_is_written),
		cmocka_unit_test(a_buffer_that_its_size_cannot_say_is_written),
		cmocka_unit_test(something_is_read_beyond_the_end),
		cmocka_unit_test(a_buffer_longer_than_wanted_is_read),
		cmocka_unit_test(a_size_of_65535_reaches_beyond_the_end),
	};

	return cmocka_run_group_tests_name("tpm2_wire", tests, NULL, NULL);
}
