/* SPDX-License-Identifier: MIT */
/* test_json_text - a value as it stands in its text. Each row is named by what would be found wrongly. */
#include "unit.h"
#include "format/json_text.h"
#include <string.h>

static const struct {
	const char *name, *text, *member, *value;
} rows[] = {
	{"the brace of the value is skipped", "{\"a\":{\"b\":1},\"c\":2}", "a", "{\"b\":1}"},
	{"a member of an inner object is found", "{\"x\":{\"a\":1},\"a\":2}", "a", "2"},
	{"a brace in a string counts", "{\"x\":\"}{\",\"a\":\"]}\"}", "a", "\"]}\""},
	{"an escaped quote ends a string", "{\"x\":\"\\\"}\",\"a\":\"\\\\\"}", "a", "\"\\\\\""},
	{"a longer name is found", "{\"ab\":1,\"a\":2}", "a", "2"},
	{"a shorter name is found", "{\"a\":1,\"ab\":2}", "ab", "2"},
	{"a name as a value is found", "{\"x\":\"a\",\"y\":[\"a\",1],\"a\":3}", "a", "3"},
	{"blanks belong to the value", " { \"x\" : [ 1 , {} ] ,\n\t\"a\" : true\r\n}", "a", "true"},
	{"an array in an array ends the value", "{\"a\":[[1],[{}]],\"b\":1}", "a", "[[1],[{}]]"},
	{"an empty object has a member", "{}", "a", NULL},
	{"an array has a member", "[\"a\",1]", "a", NULL},
	{"an escaped name is found", "{\"\\u0061\":1}", "a", NULL},
	{"a text that is cut is read beyond its end", "{\"a\":\"b\\", "a", "\"b\\"},
	{"the same without a value", "{\"a\"", "a", ""},
};

TEST(a_value_is_found_wrongly)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *value = json_text_member(rows[i].text, rows[i].member), *wanted = rows[i].value;
		size_t len = value ? json_text_bytes(value) : 0;

		if (!value != !wanted || (value && (len != strlen(wanted) || memcmp(value, wanted, len))))
			fail_msg("%s: %s", rows[i].name, value ? value : "nothing");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_value_is_found_wrongly)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
