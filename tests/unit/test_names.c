/* SPDX-License-Identifier: MIT */
/* UUIDs and labels of other formats, as text. */
#include "device/names.h"
#include "unit.h"

static const uint8_t raw_uuid[16] = {0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb,
	0xcc, 0xdd, 0xee, 0xff};

TEST(a_field_of_a_GUID_is_the_wrong_way_round)
{
	char out[NAMES_UUID_BYTES];

	names_uuid(out, raw_uuid, true);
	assert_string_equal(out, "00112233-4455-6677-8899-aabbccddeeff");
	names_uuid(out, raw_uuid, false);
	assert_string_equal(out, "33221100-5544-7766-8899-aabbccddeeff");
	names_uuid(out, (const uint8_t[16]){0}, false);
	assert_string_equal(out, "");
}

TEST(a_serial_number_is_in_small_letters)
{
	char out[10];

	names_serial(out, 0x0abc12ef);
	assert_string_equal(out, "0ABC-12EF");
}

static const struct {
	const char *raw;
	size_t units, size;
	const char *text;
} texts[] = {
	{"\xfc\0\x89\x20\x3d\xd8\x11\xdd", 4, 16, "\xc3\xbc\xe2\x82\x89\xf0\x9f\x94\x91"},
	{"a\0\0\0b\0", 3, 8, "a"},
	{"\x3d\xd8"
	 "a\0",
		2, 8, "?a"},
	{"\x11\xdd"
	 "a\0",
		2, 8, "?a"},
	{"\x3d\xd8", 1, 8, "?"},
	{"a\0\xac\x20", 2, 4, "a"},
	{"a\0\xac\x20", 2, 5, "a\xe2\x82\xac"},
	{"\x3d\xd8\x11\xdd", 2, 4, ""},
	{"\xff\xff", 1, 8, "\xef\xbf\xbf"},
	{"\x7f\0\x80\0\xff\x07\0\x08", 4, 16, "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80"},
};

TEST(a_character_of_a_label_is_turned_into_others)
{
	char out[32];

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		memset(out, 'Z', sizeof(out));
		names_utf16(out, texts[i].size, (const uint8_t *)texts[i].raw, texts[i].units);
		assert_string_equal(out, texts[i].text);
		assert_int_equal(out[texts[i].size], 'Z');
	}
}

TEST(blanks_in_front_are_cut)
{
	char text[] = " a b  ", blank[] = "   ";

	names_trim(text);
	assert_string_equal(text, " a b");
	names_trim(blank);
	assert_string_equal(blank, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_of_a_GUID_is_the_wrong_way_round),
		cmocka_unit_test(a_serial_number_is_in_small_letters),
		cmocka_unit_test(a_character_of_a_label_is_turned_into_others),
		cmocka_unit_test(blanks_in_front_are_cut),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
