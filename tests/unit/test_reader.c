/* SPDX-License-Identifier: MIT */
/* Tests of base/reader and base/bytes: loads, bounds, and who may see which range. */
#include "unit.h"
#include "base/bytes.h"
#include "base/reader.h"

TEST(a_load_takes_the_bytes_in_the_wrong_order)
{
	static const uint8_t b[] = {0xff, 0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8};
	uint8_t put[6] = {0};

	assert_int_equal(bytes_be16(b + 1), 0x8192);
	assert_int_equal(bytes_be32(b + 1), 0x8192a3b4);
	assert_int_equal(bytes_le16(b + 1), 0x9281);
	assert_int_equal(bytes_le32(b + 1), 0xb4a39281);
	assert_true(bytes_le64(b + 1) == 0xf8e7d6c5b4a39281ull);
	assert_true(bytes_be64(b + 1) == 0x8192a3b4c5d6e7f8ull);
	bytes_put_be32(put + 1, 0xfedcba98);
	assert_memory_equal(put, "\0\xfe\xdc\xba\x98\0", 6);
}

static const struct {
	uint64_t off, len, low, high;
	bool inside;
} ranges[] = {
	{0, 0, 0, 0, true},
	{0, 1, 0, 0, false},
	{0, 512, 0, 512, true},
	{0, 513, 0, 512, false},
	{1, 512, 0, 512, false},
	{512, 0, 0, 512, true},
	{513, 0, 0, 512, false},
	{4095, 1, 4096, 8192, false},
	{4096, 4096, 4096, 8192, true},
	{4096, 4097, 4096, 8192, false},
	{8191, 1, 4096, 8192, true},
	{8191, 2, 4096, 8192, false},
	{10, 1, 20, 5, false},
	{UINT64_MAX, 1, 0, UINT64_MAX, false},
	{UINT64_MAX, 0, 0, UINT64_MAX, true},
	{UINT64_MAX - 1, 1, 0, UINT64_MAX, true},
	{1, UINT64_MAX, 0, UINT64_MAX, false},
	{0, UINT64_MAX, 0, UINT64_MAX, true},
	{4096, UINT64_MAX - 4095, 0, 8192, false},
	{4096, UINT64_MAX - 4096, 0, 8192, false},
	{UINT64_MAX - 511, 512, 0, 1 << 20, false},
	{UINT64_MAX - 511, 1024, 0, 1 << 20, false},
};

TEST(a_sum_that_overflows_is_inside)
{
	for (size_t i = 0; i < COUNT(ranges); i++)
		if (bytes_inside(ranges[i].off, ranges[i].len, ranges[i].low, ranges[i].high) !=
			ranges[i].inside)
			fail_msg("range %zu", i);
}

TEST(two_areas_that_share_a_byte_do_not_overlap)
{
	static const struct {
		uint64_t a, a_len, b, b_len;
		bool overlap;
	} t[] = {
		{0, 10, 10, 10, false},
		{0, 11, 10, 10, true},
		{19, 1, 10, 10, true},
		{20, 1, 10, 10, false},
		{10, 10, 10, 10, true},
		{12, 2, 10, 10, true},
		{0, 100, 10, 10, true},
		{12, 0, 10, 10, false},
		{10, 10, 12, 0, false},
		{UINT64_MAX - 10, 10, UINT64_MAX - 1, 1, true},
		{UINT64_MAX - 10, 9, UINT64_MAX - 1, 1, false},
	};

	for (size_t i = 0; i < COUNT(t); i++) {
		if (bytes_overlap(t[i].a, t[i].a_len, t[i].b, t[i].b_len) != t[i].overlap)
			fail_msg("pair %zu", i);
		if (bytes_overlap(t[i].b, t[i].b_len, t[i].a, t[i].a_len) != t[i].overlap)
			fail_msg("pair %zu, the other way round", i);
	}
}

TEST(memory_is_read_at_the_wrong_place)
{
	uint8_t image[4096] = {0}, got[4096 + 8];
	struct reader r = reader_memory(image, sizeof(image), "image");
	struct error err;

	unit_fill(7, image, sizeof(image));
	assert_int_equal(r.size_bytes, sizeof(image));
	assert_string_equal(r.name, "image");
	for (size_t off = 0; off < sizeof(image); off += 511)
		for (size_t len = 0; off + len <= sizeof(image); len += 773) {
			memset(got, '#', sizeof(got));
			assert_int_equal(reader_read(&r, got, len, off, &err), CAUSE_OK);
			assert_memory_equal(got, image + off, len);
			assert_int_equal(got[len], '#');
		}
	assert_int_equal(reader_read(&r, got, 1, 4095, &err), CAUSE_OK);
	assert_int_equal(reader_read(&r, got, 0, 4096, &err), CAUSE_OK);
}

static unsigned calls;

static enum cause counting(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	(void)buf, (void)len, (void)off;
	calls++;
	return ctx ? error_set(err, CAUSE_DEVICE, "read error at %llu", (unsigned long long)off) : CAUSE_OK;
}

TEST(an_implementation_sees_a_range_outside_the_device)
{
	struct reader r = {counting, NULL, 0, "/dev/x"};
	struct error err;
	uint8_t buf[1];

	calls = 0;
	for (size_t i = 0; i < COUNT(ranges); i++) {
		unsigned before = calls;
		enum cause cause;

		if (ranges[i].low || ranges[i].len > SIZE_MAX)
			continue;
		r.size_bytes = ranges[i].high;
		cause = reader_read(&r, buf, (size_t)ranges[i].len, ranges[i].off, &err);
		assert_int_equal(cause, ranges[i].inside ? CAUSE_OK : CAUSE_DEVICE);
		assert_int_equal(calls - before, ranges[i].inside);
	}
	assert_true(calls > 3);
}

TEST(a_truncated_device_is_not_said_with_its_numbers)
{
	struct reader r = {counting, NULL, 32768, "/dev/x"};
	struct error err;
	uint8_t buf[1];

	assert_int_equal(reader_read(&r, buf, 1000, 32000, &err), CAUSE_DEVICE);
	assert_int_equal(err.cause, CAUSE_DEVICE);
	assert_non_null(strstr(err.text, "/dev/x"));
	assert_non_null(strstr(err.text, "32768"));
	assert_non_null(strstr(err.text, "32000"));
	assert_non_null(strstr(err.text, "33000"));
}

TEST(a_read_error_is_swallowed)
{
	struct reader r = {counting, &calls, 4096, "/dev/x"};
	struct error err;
	uint8_t buf[1];

	assert_int_equal(reader_read(&r, buf, 1, 77, &err), CAUSE_DEVICE);
	assert_string_equal(err.text, "read error at 77");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_load_takes_the_bytes_in_the_wrong_order),
		cmocka_unit_test(a_sum_that_overflows_is_inside),
		cmocka_unit_test(two_areas_that_share_a_byte_do_not_overlap),
		cmocka_unit_test(memory_is_read_at_the_wrong_place),
		cmocka_unit_test(an_implementation_sees_a_range_outside_the_device),
		cmocka_unit_test(a_truncated_device_is_not_said_with_its_numbers),
		cmocka_unit_test(a_read_error_is_swallowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
