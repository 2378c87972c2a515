/* SPDX-License-Identifier: MIT */
/* The scanner: what it must let through and what it must stop, byte by byte. */
#include "format/json_scan.h"
#include "rows.h"
#include <stdbool.h>
#include <stdlib.h>

struct text {
	const char *name;
	const char *text;
	size_t len;
	const char *wrong; /* part of the sentence; NULL: accepted */
};
#define YES(name, literal)                                                                                   \
	{                                                                                                    \
		name, literal, sizeof(literal) - 1, NULL                                                     \
	}
#define NO(name, literal, wrong)                                                                             \
	{                                                                                                    \
		name, literal, sizeof(literal) - 1, wrong                                                    \
	}
#define NUMBER "a number that is not a plain integer"

static const struct text grammar[] = {
	YES("an empty object is refused", "{}"),
	YES("blanks inside are refused", "{ \t\n\r\"a\" \t\n\r: \t\n\r[ 1 , 2 ] \t\n\r, \"b\" : { } }"),
	YES("a space is no blank", "{ \"a\":1}"),
	YES("a tab is no blank", "{\t\"a\":1}"),
	YES("a newline is no blank", "{\n\"a\":1}"),
	YES("a carriage return is no blank", "{\r\"a\":1}"),
	YES("an empty name is refused", "{\"\":1}"),
	YES("an empty array or string is refused", "{\"a\":[],\"b\":\"\"}"),
	YES("one of the three words is refused", "{\"a\":[true,false,null]}"),
	YES("one of the eight short escapes is refused", "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}"),
	YES("a four-digit escape is refused", "{\"a\":\"\\u0001\\u00e9\\uABCD\\u1000\\u0100\\u0010\"}"),
	YES("one of the 22 hex digits is refused", "{\"a\":\"\\u0123\\u4567\\u89ab\\ucdef\\uABCD\\uEF01\"}"),
	YES("a surrogate pair is refused", "{\"a\":\"\\ud83d\\uDE00\"}"),
	YES("bytes over 0x7f in a string are refused", "{\"a\":\"\xc3\xa9\"}"),
	YES("DEL in a string is refused (RFC 8259 allows it)", "{\"a\":\"\x7f\"}"),

	NO("nothing at all is accepted", "", "byte 0: does not begin with an object"),
	NO("an array is accepted as the document", "[]", "does not begin with an object"),
	NO("a number is accepted as the document", "1", "does not begin with an object"),
	NO("a string is accepted as the document", "\"a\"", "does not begin with an object"),
	NO("a blank in front is accepted", " {}", "does not begin with an object"),
	NO("a byte order mark is accepted", "\xef\xbb\xbf{}", "does not begin with an object"),
	NO("a newline behind is accepted", "{}\n", "byte 2: bytes after the object"),
	NO("a second object behind is accepted", "{}{}", "byte 2: bytes after the object"),
	NO("a closing bracket too many is accepted", "{}}", "bytes after the object"),
	NO("a NUL behind is accepted", "{}\0", "bytes after the object"),
	NO("an open object is accepted", "{", "string expected"),
	NO("an object open behind a member is accepted", "{\"a\":1", "closing bracket expected"),
	NO("an object closed as an array is accepted", "{\"a\":1]", "closing bracket expected"),
	NO("an array closed as an object is accepted", "{\"a\":[1}}", "closing bracket expected"),
	NO("an open array is accepted", "{\"a\":[1", "closing bracket expected"),
	NO("a comma in front of the end of an object is accepted", "{\"a\":1,}", "string expected"),
	NO("a comma in front of the end of an array is accepted", "{\"a\":[1,]}", NUMBER),
	NO("a lone comma is accepted", "{,}", "string expected"),
	NO("a missing comma in an object is accepted", "{\"a\":1 \"b\":2}", "comma or closing bracket"),
	NO("a missing comma in an array is accepted", "{\"a\":[1 2]}", "comma or closing bracket"),
	NO("a missing colon is accepted", "{\"a\" 1}", "colon expected"),
	NO("two colons are accepted", "{\"a\"::1}", NUMBER),
	NO("a missing value is accepted", "{\"a\":}", NUMBER),
	NO("a name that is no string is accepted", "{a:1}", "string expected"),
	NO("a name in single quotes is accepted", "{'a':1}", "string expected"),
	NO("a number as a name is accepted", "{1:1}", "string expected"),
	NO("a comment is accepted", "{/**/}", "string expected"),
	NO("a line comment is accepted", "{\"a\":1//\n}", "comma or closing bracket"),
	NO("a form feed is taken for a blank", "{\f}", "string expected"),
	NO("a NUL is taken for a blank", "{\0}", "string expected"),
	NO("a control character is taken for a blank", "{\x01}", "string expected"),
	NO("a no-break space is taken for a blank", "{\xc2\xa0}", "string expected"),
	NO("a word in capitals is accepted", "{\"a\":True}", NUMBER),
	NO("a cut word is accepted", "{\"a\":tru}", "unknown word"),
	NO("a word cut by the end is accepted", "{\"a\":nul", "unknown word"),
	NO("a word with a tail is accepted", "{\"a\":nullx}", "comma or closing bracket"),
	NO("NaN is accepted", "{\"a\":NaN}", NUMBER),
	NO("Infinity is accepted", "{\"a\":Infinity}", NUMBER),
	NO("undefined is accepted", "{\"a\":undefined}", NUMBER),

	NO("an open string is accepted", "{\"a", "unterminated string"),
	NO("a string open behind a backslash is read beyond its end", "{\"a\\", "bad escape"),
	NO("a string open behind a u is read beyond its end", "{\"a\\u", "bad \\u escape"),
	NO("a string open inside an escape is read beyond its end", "{\"a\\u00", "bad \\u escape"),
	NO("a raw newline in a string is accepted", "{\"a\":\"\n\"}", "control character in a string"),
	NO("a raw tab in a string is accepted", "{\"a\":\"\t\"}", "control character in a string"),
	NO("a raw 0x1f in a string is accepted", "{\"a\":\"\x1f\"}", "control character in a string"),
	NO("a raw NUL in a string is accepted", "{\"a\":\"x\0y\"}", "control character in a string"),
	NO("a raw NUL in a name is accepted", "{\"x\0y\":1}", "control character in a string"),
	NO("a NUL escape is accepted", "{\"a\":\"x\\u0000y\"}", "NUL in a string"),
	NO("a NUL escape in a name is accepted", "{\"type\\u0000x\":1}", "NUL in a string"),
	NO("a NUL escape in tokens is accepted", "{\"tokens\":{\"a\":\"\\u0000\"}}", "NUL in a string"),
	NO("an unknown escape is accepted", "{\"a\":\"\\x41\"}", "bad escape"),
	NO("an escaped NUL byte is accepted", "{\"a\":\"\\\0\"}", "bad escape"),
	NO("an escape of three digits is accepted", "{\"a\":\"\\u00e\"}", "bad \\u escape"),
	NO("an escape with a letter behind f is accepted", "{\"a\":\"\\u00eg\"}", "bad \\u escape"),
	NO("an escape with a capital behind F is accepted", "{\"a\":\"\\u00EG\"}", "bad \\u escape"),
	NO("an escape with what stands before 0 is accepted", "{\"a\":\"\\u00e/\"}", "bad \\u escape"),
	NO("an escape with what stands behind 9 is accepted", "{\"a\":\"\\u00e:\"}", "bad \\u escape"),
	NO("an escape with what stands before A is accepted", "{\"a\":\"\\u00e@\"}", "bad \\u escape"),
	NO("an escape with what stands before a is accepted", "{\"a\":\"\\u00e`\"}", "bad \\u escape"),
	NO("a capital U is taken for an escape", "{\"a\":\"\\U0041\"}", "bad escape"),
};

static const struct text numbers[] = {
	YES("0 is refused", "{\"a\":0}"),
	YES("10 is refused", "{\"a\":10}"),
	YES("4294967295 is refused", "{\"a\":4294967295}"),
	NO("4294967296 is accepted", "{\"a\":4294967296}", "integer over 32 bits"),
	NO("2^53 + 1 is accepted", "{\"a\":9007199254740993}", "integer over 32 bits"),
	NO("2^64 wraps round to 0", "{\"a\":18446744073709551616}", "integer over 32 bits"),
	NO("2^64 + 512 wraps round to 512", "{\"a\":18446744073709552128}", "integer over 32 bits"),
	NO("thirty digits are accepted", "{\"a\":100000000000000000000000000000}", "integer over 32 bits"),
	NO("512.0 is accepted", "{\"a\":512.0}", NUMBER),
	NO("5.12e2 is accepted", "{\"a\":5.12e2}", NUMBER),
	NO("512e0 is accepted", "{\"a\":512e0}", NUMBER),
	NO("512E0 is accepted", "{\"a\":512E0}", NUMBER),
	NO("-1 is accepted", "{\"a\":-1}", NUMBER),
	NO("-0 is accepted", "{\"a\":-0}", NUMBER),
	NO("+1 is accepted", "{\"a\":+1}", NUMBER),
	NO("01 is accepted", "{\"a\":01}", NUMBER),
	NO("00 is accepted", "{\"a\":00}", NUMBER),
	NO(".5 is accepted", "{\"a\":.5}", NUMBER),
	NO("5. is accepted", "{\"a\":5.}", NUMBER),
	NO("1e400 is accepted", "{\"a\":1e400}", NUMBER),
	NO("0x10 is accepted", "{\"a\":0x10}", "comma or closing bracket"),
	NO("1_000 is accepted", "{\"a\":1_000}", "comma or closing bracket"),
	NO("a number at the very end is read beyond it", "{\"a\":1", "closing bracket expected"),
	NO("a wide number hides deep in an array", "{\"a\":[[{\"b\":[1,2,1.5]}]]}", NUMBER),

	YES("an integer in tokens is refused", "{\"tokens\":{\"0\":{\"a\":4294967296}}}"),
	YES("a sign, fraction or exponent in tokens is refused",
		"{\"tokens\":{\"0\":[-1,-0,0,1.5,0.5,1e400,1E-7,1e+7,-1.25e10,512.0,"
		"123456789012345678901234567890]}}"),
	NO("01 in tokens is accepted", "{\"tokens\":{\"0\":01}}", "comma or closing bracket"),
	NO("-01 in tokens is accepted", "{\"tokens\":{\"0\":-01}}", "comma or closing bracket"),
	NO("a lone minus in tokens is accepted", "{\"tokens\":{\"0\":-}}", "bad number"),
	NO("+1 in tokens is accepted", "{\"tokens\":{\"0\":+1}}", "bad number"),
	NO(".5 in tokens is accepted", "{\"tokens\":{\"0\":.5}}", "bad number"),
	NO("5. in tokens is accepted", "{\"tokens\":{\"0\":5.}}", "bad number"),
	NO("1e in tokens is accepted", "{\"tokens\":{\"0\":1e}}", "bad number"),
	NO("1e+- in tokens is accepted", "{\"tokens\":{\"0\":1e+-1}}", "bad number"),
	NO("a letter in tokens is taken for a number", "{\"tokens\":{\"0\":x}}", "bad number"),
	NO("numbers stay free behind tokens", "{\"tokens\":{\"0\":1.5},\"a\":1.5}", NUMBER),
	NO("numbers are free before tokens", "{\"a\":1.5,\"tokens\":{}}", NUMBER),
	NO("a member called tokens frees numbers anywhere", "{\"config\":{\"tokens\":1.5}}", NUMBER),
	NO("a name that begins with tokens frees numbers", "{\"tokensX\":1.5}", NUMBER),
	NO("a name that ends in tokens frees numbers", "{\"xtokens\":1.5}", NUMBER),
	NO("a token member called tokens ends the freedom late",
		"{\"tokens\":{\"0\":{\"tokens\":1.5}},\"a\":1.5}", NUMBER),
	YES("a token member called tokens ends the freedom early",
		"{\"tokens\":{\"0\":{\"tokens\":1.5,\"b\":1.5}}}"),
};

/* In a piece of memory without a byte to spare: reading on would be caught. */
static enum cause scan(const char *text, size_t len, struct error *err)
{
	char *copy = malloc(len ? len : 1);
	enum cause cause;

	assert_non_null(copy);
	memcpy(copy, text, len);
	memset(err, 0, sizeof(*err));
	cause = json_scan(copy, len, err);
	free(copy);
	return cause;
}

static void expect(const char *text, size_t len, const char *wrong)
{
	struct error err;
	enum cause cause = scan(text, len, &err);

	if (!wrong) {
		if (cause)
			fail_msg("refused: %s", err.text);
		return;
	}
	assert_int_equal(cause, CAUSE_DAMAGED);
	assert_int_equal(err.cause, CAUSE_DAMAGED);
	if (!strstr(err.text, wrong))
		fail_msg("\"%s\" does not say \"%s\"", err.text, wrong);
}

static void text_is_judged(void **state)
{
	const struct text *t = *state;

	expect(t->text, t->len, t->wrong);
}

/* Every proper beginning of a good document is refused, without reading beyond it. */
static void a_cut_document_is_accepted(void **state)
{
	static const char whole[] = "{\"a\":[1,{\"b\\u0041\":\"c\\n\"},true],\"tokens\":{\"0\":-1.5e+3}}";

	(void)state;
	expect(whole, sizeof(whole) - 1, NULL);
	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		struct error err;

		assert_int_equal(scan(whole, len, &err), CAUSE_DAMAGED);
	}
}

static void the_byte_that_is_wrong_is_misnamed(void **state)
{
	(void)state;
	expect("{\"a\":1,\"b\":x}", 13, "JSON, byte 11: ");
	expect("{\"a\":\"\x01\"}", 9, "JSON, byte 6: ");
}

/* --- bounds ---------------------------------------------------------------------------- */

static char big[8 << 20];

/* {"a": @open... @close...}, @depth containers in all. */
static size_t nested(char *out, unsigned depth, const char *open, char close)
{
	size_t n = (size_t)sprintf(out, "{\"a\":");

	for (unsigned i = 1; i < depth; i++)
		n += (size_t)sprintf(out + n, "%s", open);
	if (*open == '{')
		n += (size_t)sprintf(out + n, "1");
	for (unsigned i = 1; i < depth; i++)
		out[n++] = close;
	out[n++] = '}';
	return n;
}

static void depth_of_32_is_refused(void **state)
{
	(void)state;
	expect(big, nested(big, 32, "[", ']'), NULL);
	expect(big, nested(big, 32, "{\"a\":", '}'), NULL);
}

static void depth_of_33_is_accepted(void **state)
{
	(void)state;
	expect(big, nested(big, 33, "[", ']'), "nested too deeply");
	expect(big, nested(big, 33, "{\"a\":", '}'), "nested too deeply");
}

/* Depth is given back: many shallow containers one after the other are not deep. */
static void depth_adds_up_over_neighbours(void **state)
{
	size_t n = (size_t)sprintf(big, "{\"a\":[[]");

	(void)state;
	for (int i = 0; i < 100; i++)
		n += (size_t)sprintf(big + n, ",[{}]");
	n += (size_t)sprintf(big + n, "]}");
	expect(big, n, NULL);
}

/* An array of @items zeroes as the only member: items + 2 values. */
static size_t array_of(char *out, unsigned items)
{
	size_t n = (size_t)sprintf(out, "{\"a\":[0");

	for (unsigned i = 1; i < items; i++)
		n += (size_t)sprintf(out + n, ",0");
	return n + (size_t)sprintf(out + n, "]}");
}

static void the_bound_on_values_is_off_by_one(void **state)
{
	(void)state;
	expect(big, array_of(big, JSON_VALUES_MAX - 2), NULL);
	expect(big, array_of(big, JSON_VALUES_MAX - 1), "too many");
}

static size_t object_of(char *out, unsigned members)
{
	size_t n = (size_t)sprintf(out, "{\"m0\":0");

	for (unsigned i = 1; i < members; i++)
		n += (size_t)sprintf(out + n, ",\"m%u\":0", i);
	out[n++] = '}';
	return n;
}

static void the_bound_on_members_is_off_by_one(void **state)
{
	(void)state;
	expect(big, object_of(big, JSON_MEMBERS_MAX), NULL);
	expect(big, object_of(big, JSON_MEMBERS_MAX + 1), "too many members");
}

static void the_bound_on_names_is_off_by_one(void **state)
{
	size_t n;

	(void)state;
	n = (size_t)sprintf(big, "{\"%0*d\":1}", JSON_NAME_MAX_BYTES, 0);
	expect(big, n, NULL);
	n = (size_t)sprintf(big, "{\"%0*d\":1}", JSON_NAME_MAX_BYTES + 1, 0);
	expect(big, n, "very long member name");
}

/* Strings that are no names may be long: token content is. */
static void a_long_string_is_refused(void **state)
{
	size_t n = (size_t)sprintf(big, "{\"a\":\"%0*d\"}", 100000, 0);

	(void)state;
	expect(big, n, NULL);
}

/* --- 4 MiB of the worst: each must end, soon, in an answer ------------------------------ */

enum { HOSTILE_BYTES = 4 << 20 };

static const struct hostile {
	const char *name, *start, *repeat, *wrong;
} hostile[] = {
	{"4 MiB of open arrays overflow the stack", "{\"a\":", "[", "nested too deeply"},
	{"4 MiB of open objects overflow the stack", "", "{\"a\":", "nested too deeply"},
	{"4 MiB of zeroes in an array are counted one by one", "{\"a\":[", "0,", "too many"},
	{"4 MiB of empty arrays are counted one by one", "{\"a\":[", "[],", "too many"},
	{"4 MiB of empty names are compared pair by pair", "{", "\"\":0,", "too many members"},
	{"4 MiB of one string are accepted without an end", "{\"a\":\"", "x", "unterminated string"},
	{"4 MiB of escapes are accepted without an end", "{\"a\":\"", "\\u0001", ""},
	{"4 MiB of one number wrap round", "{\"a\":", "9", "integer over 32 bits"},
	{"4 MiB of one number in tokens are accepted", "{\"tokens\":", "9", "closing bracket expected"},
	{"4 MiB of blanks are accepted", "{", " ", "string expected"},
	{"4 MiB of one name are accepted", "{\"", "x", "unterminated string"},
};

static void hostile_text_is_accepted(void **state)
{
	const struct hostile *h = *state;
	size_t n = strlen(h->start), step = strlen(h->repeat);

	memcpy(big, h->start, n);
	for (; n + step <= HOSTILE_BYTES; n += step)
		memcpy(big + n, h->repeat, step);
	expect(big, n, h->wrong);
}

int main(void)
{
	for (size_t i = 0; i < COUNT(grammar); i++)
		row(grammar[i].name, text_is_judged, &grammar[i]);
	for (size_t i = 0; i < COUNT(numbers); i++)
		row(numbers[i].name, text_is_judged, &numbers[i]);
	for (size_t i = 0; i < COUNT(hostile); i++)
		row(hostile[i].name, hostile_text_is_accepted, &hostile[i]);
	ROW(a_cut_document_is_accepted);
	ROW(the_byte_that_is_wrong_is_misnamed);
	ROW(depth_of_32_is_refused);
	ROW(depth_of_33_is_accepted);
	ROW(depth_adds_up_over_neighbours);
	ROW(the_bound_on_values_is_off_by_one);
	ROW(the_bound_on_members_is_off_by_one);
	ROW(the_bound_on_names_is_off_by_one);
	ROW(a_long_string_is_refused);
	return rows_run("json_scan");
}
