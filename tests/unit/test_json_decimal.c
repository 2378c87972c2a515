/* SPDX-License-Identifier: MIT */
/* Decimal strings, in which LUKS2 writes its 64-bit numbers: one text for one number. */
#include "base/text.h"
#include "rows.h"
#include <inttypes.h>

static const struct decimal {
	const char *name, *text;
	uint64_t value;
} good[] = {
	{"0 is refused", "0", 0},
	{"1 is read wrongly", "1", 1},
	{"10 is read wrongly", "10", 10},
	{"1234567890 is read wrongly", "1234567890", 1234567890},
	{"2^31 is read wrongly", "2147483648", UINT64_C(1) << 31},
	{"2^32 is cut to 32 bits", "4294967296", UINT64_C(1) << 32},
	{"2^53 + 1 goes through a double", "9007199254740993", UINT64_C(9007199254740993)},
	{"2^63 is taken for negative", "9223372036854775808", UINT64_C(1) << 63},
	{"2^64 - 1 is refused", "18446744073709551615", UINT64_MAX},
};

static const struct decimal bad[] = {
	{"the empty text is 0", "", 0},
	{"2^64 wraps round to 0", "18446744073709551616", 0},
	{"2^64 + 4 in the last digit is accepted", "18446744073709551619", 0},
	{"2^64 with the last but one digit too big is accepted", "18446744073709551620", 0},
	{"21 digits are accepted", "100000000000000000000", 0},
	{"a hundred digits are accepted",
		"10000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"00000000000",
		0},
	{"a leading zero is accepted", "01", 0},
	{"two zeroes are accepted", "00", 0},
	{"minus is accepted", "-1", 0},
	{"minus zero is accepted", "-0", 0},
	{"plus is accepted", "+1", 0},
	{"a blank in front is accepted", " 1", 0},
	{"a blank behind is accepted", "1 ", 0},
	{"a newline behind is accepted", "1\n", 0},
	{"a fraction is accepted", "1.0", 0},
	{"an exponent is accepted", "1e3", 0},
	{"hex is accepted", "0x10", 0},
	{"a unit is accepted", "16M", 0},
	{"the sign before 0 in ASCII is taken for a digit", "/", 0},
	{"the sign behind 9 in ASCII is taken for a digit", "1:", 0},
	{"a byte over 0x7f is taken for a digit", "1\xb2", 0},
	{"full-width digits are accepted", "\xef\xbc\x91", 0},
};

static void good_is_read(void **state)
{
	const struct decimal *d = *state;
	uint64_t v = ~d->value;

	assert_true(text_parse_u64(d->text, &v));
	assert_true(v == d->value);
}

static void bad_is_refused(void **state)
{
	const struct decimal *d = *state;
	uint64_t v = 77;

	assert_false(text_parse_u64(d->text, &v));
	assert_true(v == 77); /* left alone */
}

/* Round every power of two and its neighbours through the C library's own writing. */
static void some_number_does_not_come_back(void **state)
{
	char text[32];
	uint64_t v;

	(void)state;
	for (int bit = 0; bit < 64; bit++)
		for (uint64_t d = 0; d < 3; d++) {
			uint64_t n = (UINT64_C(1) << bit) + d - 1;

			snprintf(text, sizeof(text), "%" PRIu64, n);
			assert_true(text_parse_u64(text, &v));
			assert_true(v == n);
		}
}

int main(void)
{
	for (size_t i = 0; i < COUNT(good); i++)
		row(good[i].name, good_is_read, &good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		row(bad[i].name, bad_is_refused, &bad[i]);
	ROW(some_number_does_not_come_back);
	return rows_run("decimal");
}
