/* SPDX-License-Identifier: MIT */
/* Tests of token/fido2/cbor: what is taken is what CTAP2 allows, and nothing is read outside the message. */
#include "unit.h"
#include "token/fido2/cbor.h"

/* Messages that must be refused, and what is wrong with them. Each is in memory of exactly its size. */
static const struct row {
	const char *name, *hex;
} wrong[] = {
	{"nothing", ""},
	{"a byte behind the item", "0000"},
	{"a one-byte number without its byte", "18"},
	{"a two-byte number without its second byte", "1900"},
	{"a four-byte number of three bytes", "1a000000"},
	{"an eight-byte number of seven bytes", "1b00000000000000"},
	{"the reserved length 28", "1c00"},
	{"the reserved length 30", "5e00"},
	{"a byte string without its byte", "41"},
	{"a byte string of 2^32 - 1 bytes", "5affffffff00"},
	{"a byte string of 2^64 - 1 bytes", "5bffffffffffffffff00"},
	{"a byte string of no given length", "5f4100ff"},
	{"a text string that is cut", "6261"},
	{"an array without its item", "81"},
	{"an array of 2^64 - 1 items", "9bffffffffffffffff0000"},
	{"an array of no given length", "9fff"},
	{"a map without its value", "a100"},
	{"a map of 2^63 pairs, twice which is none", "bb8000000000000000"},
	{"a map of 2^63 + 1 pairs, twice which is one pair", "bb80000000000000010000"},
	{"a map of no given length", "bfff"},
	{"a tag", "c000"},
	{"a half-precision number", "f93c00"},
	{"a double", "fb3ff0000000000000"},
	{"a simple value of nobody", "f3"},
	{"true in two bytes", "f815"},
	{"a break alone", "ff"},
	{"five levels", "8181818181f5"},
	{"five levels of maps", "a100a100a100a100a100f5"},
};

TEST(a_message_that_ctap2_does_not_allow_is_taken)
{
	for (size_t i = 0; i < COUNT(wrong); i++) {
		uint8_t buffer[64], *exact;
		size_t n = unit_unhex(wrong[i].hex, buffer);
		struct cbor item;

		exact = unit_exact(buffer, n);
		if (cbor_open((struct bytes){exact, n}, &item))
			fail_msg("%s", wrong[i].name);
		free(exact);
	}
}

static struct cbor opened(const char *hex)
{
	static uint8_t buffer[256];
	struct cbor item;

	assert_true(cbor_open((struct bytes){buffer, unit_unhex(hex, buffer)}, &item));
	return item;
}

TEST(numbers_are_read_in_the_wrong_byte_order_or_size)
{
	static const struct {
		const char *hex;
		uint64_t value;
	} rows[] = {{"00", 0}, {"17", 23}, {"1818", 24}, {"18ff", 255}, {"190100", 256}, {"19ffff", 65535},
		{"1a00010000", 65536}, {"1affffffff", 4294967295},
		{"1b0102030405060708", 0x0102030405060708}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cbor item = opened(rows[i].hex);

		assert_int_equal(item.kind, CBOR_UINT);
		assert_true(item.value == rows[i].value);
	}
}

/* {1: 10, -2: h'0102', "up": true, "uv": false, 3: [1, "x"]}, four levels below, and null */
static const char map[] = "a7010a21420102627570f5627576f403820161780481818102f6f6";

TEST(a_member_is_not_found_or_another_one_is)
{
	struct cbor m = opened(map), v;
	struct bytes b;

	assert_true(cbor_at(&m, 1, &v));
	assert_true(v.kind == CBOR_UINT && v.value == 10);
	assert_true(cbor_at(&m, -2, &v));
	assert_true(cbor_bytes(&v, &b));
	assert_int_equal(b.len, 2);
	assert_memory_equal(b.data, "\1\2", 2);
	assert_true(cbor_named(&m, "up", &v));
	assert_true(cbor_is_true(&v));
	assert_true(cbor_named(&m, "uv", &v));
	assert_false(cbor_is_true(&v));
	assert_false(cbor_at(&m, 2, &v));
	assert_false(cbor_at(&m, -1, &v));
	assert_false(cbor_named(&m, "u", &v));
	assert_false(cbor_named(&m, "upx", &v));
	assert_true(cbor_at(&m, 4, &v));
	assert_int_equal(v.kind, CBOR_ARRAY);
}

TEST(the_keys_of_what_is_no_map_are_found)
{
	struct cbor number = opened("01"), array = opened("820102"), text = opened("6161"), v;

	assert_false(cbor_at(&number, 1, &v));
	assert_false(cbor_at(&array, 1, &v));
	assert_false(cbor_named(&text, "a", &v));
	assert_false(cbor_bytes(&text, &(struct bytes){NULL, 0}));
}

TEST(the_items_of_an_array_are_not_told_one_by_one)
{
	struct cbor array = opened("8301616142ffff"), v;
	struct cbor_walk w = cbor_items(&array);

	assert_true(cbor_next(&w, &v) && v.kind == CBOR_UINT);
	assert_true(cbor_next(&w, &v) && cbor_is_text(&v, "a"));
	assert_true(cbor_next(&w, &v) && v.kind == CBOR_BYTES && v.value == 2);
	assert_false(cbor_next(&w, &v));
	array = opened("80");
	w = cbor_items(&array);
	assert_false(cbor_next(&w, &v));
}

TEST(what_is_written_is_not_canonical)
{
	uint8_t buffer[600], long_string[300];
	struct cbor_out o = {buffer, sizeof(buffer), 0, false};
	struct bytes empty = {NULL, 0}, four = {"\1\2\3\4", 4}, longer = {long_string, sizeof(long_string)};

	unit_fill(1, long_string, sizeof(long_string));
	cbor_write(&o, "{2 0 23 24 255 256 65535 -1 -24 -25 [2 'hmac-secret' %s %d %o %o %b %b", "id", -257,
		true, false, &empty, &four);
	assert_false(o.full);
	unit_equals_hex(buffer,
		"a20017181818ff19010019ffff20373818826b686d61632d736563726574626964390100f5f4404401020304");
	assert_int_equal(o.used, 44);
	o.used = 0;
	cbor_write(&o, "%b", &longer);
	unit_equals_hex(buffer, "59012c");
	assert_memory_equal(buffer + 3, long_string, sizeof(long_string));
}

TEST(what_does_not_fit_is_written_beyond_the_room)
{
	uint8_t buffer[8];
	struct cbor_out o = {buffer, 7, 0, false};
	struct bytes seven = {"1234567", 7};

	memset(buffer, 0xee, sizeof(buffer));
	cbor_write(&o, "%b", &seven);
	assert_true(o.full);
	assert_int_equal(buffer[7], 0xee);
	cbor_write(&o, "1");
	assert_true(o.full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_that_ctap2_does_not_allow_is_taken),
		cmocka_unit_test(numbers_are_read_in_the_wrong_byte_order_or_size),
		cmocka_unit_test(a_member_is_not_found_or_another_one_is),
		cmocka_unit_test(the_keys_of_what_is_no_map_are_found),
		cmocka_unit_test(the_items_of_an_array_are_not_told_one_by_one),
		cmocka_unit_test(what_is_written_is_not_canonical),
		cmocka_unit_test(what_does_not_fit_is_written_beyond_the_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
