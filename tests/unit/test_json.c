/* SPDX-License-Identifier: MIT */
/* The strict face of the JSON library: duplicates, exact names, exact types, bounded memory. */
#include "format/json.h"
#include "format/json_scan.h"
#include "rows.h"
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The text in memory without a byte to spare; stays until the next one, as the tree may point into it. */
static const struct json *open_text(const char *text, size_t len, enum cause *cause, struct error *err)
{
	static char *copy;
	const struct json *root = NULL;

	json_close();
	free(copy);
	copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, text, len);
	memset(err, 0, sizeof(*err));
	*cause = json_open(copy, len, &root, err);
	return root;
}

static const struct json *good(const char *text)
{
	struct error err;
	enum cause cause;
	const struct json *root = open_text(text, strlen(text), &cause, &err);

	if (cause)
		fail_msg("refused: %s", err.text);
	return root;
}

static void bad(const char *text, const char *wrong)
{
	struct error err;
	enum cause cause;

	open_text(text, strlen(text), &cause, &err);
	assert_int_equal(cause, CAUSE_DAMAGED);
	if (!strstr(err.text, wrong))
		fail_msg("\"%s\" does not say \"%s\"", err.text, wrong);
}

/* --- duplicates ------------------------------------------------------------------------ */

#define TWICE(name) "the name \"" name "\" occurs twice"

static const struct twice {
	const char *name, *text, *wrong;
} twice[] = {
	{"a name twice at the top is accepted", "{\"a\":1,\"a\":2}", TWICE("a")},
	{"a name twice with others between is accepted", "{\"a\":1,\"b\":1,\"c\":1,\"a\":2}", TWICE("a")},
	{"the last two names alike are accepted", "{\"a\":1,\"b\":1,\"b\":2}", TWICE("b")},
	{"a name three times is accepted", "{\"a\":1,\"a\":2,\"a\":3}", TWICE("a")},
	{"a name twice one level down is accepted", "{\"x\":{\"a\":1,\"a\":2}}", TWICE("a")},
	{"a name twice in an object in an array is accepted", "{\"x\":[1,{\"a\":1,\"a\":2}]}", TWICE("a")},
	{"a name twice in the second of two objects is accepted", "{\"x\":{\"b\":1},\"y\":{\"a\":1,\"a\":2}}",
		TWICE("a")},
	{"a name twice in tokens is accepted", "{\"tokens\":{\"0\":{\"p\":{\"a\":1.5,\"a\":2}}}}",
		TWICE("a")},
	{"a name twice 31 levels down is accepted",
		"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[{\"k\":1,\"k\":2}]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
		TWICE("k")},
	{"a name twice by an escape is accepted", "{\"keyslots\":1,\"\\u006beyslots\":2}", TWICE("keyslots")},
	{"a name twice by two different escapes is accepted", "{\"\\u006B\":1,\"\\u006b\":2}", TWICE("k")},
	{"a name twice by an escaped slash is accepted", "{\"a/b\":1,\"a\\/b\":2}", TWICE("a/b")},
	{"a name twice by UTF-8 and escape is accepted", "{\"\xc3\xa9\":1,\"\\u00e9\":2}", "occurs twice"},
	{"a name twice by a surrogate pair is accepted", "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}",
		"occurs twice"},
	{"the empty name twice is accepted", "{\"\":1,\"\":2}", TWICE("")},
};

static void twice_is_refused(void **state)
{
	const struct twice *t = *state;

	bad(t->text, t->wrong);
}

static void names_alike_in_different_objects_are_refused(void **state)
{
	(void)state;
	good("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1},\"c\":[{\"a\":1},{\"a\":1}]}");
}

static void names_that_differ_in_case_are_refused(void **state)
{
	(void)state;
	good("{\"type\":1,\"Type\":2,\"TYPE\":3}");
}

static void equal_items_of_an_array_are_refused(void **state)
{
	(void)state;
	good("{\"a\":[\"x\",\"x\",1,1,{},{}]}");
}

static void a_control_character_of_a_name_reaches_the_terminal(void **state)
{
	static const char text[] = "{\"\\u001b[2J\":1,\"\\u001b[2J\":2}";
	struct error err;
	enum cause cause;

	(void)state;
	open_text(text, sizeof(text) - 1, &cause, &err);
	assert_int_equal(cause, CAUSE_DAMAGED);
	assert_non_null(strstr(err.text, TWICE("?[2J")));
}

/* --- the scan stands in front ---------------------------------------------------------- */

static void what_the_library_tolerates_gets_through(void **state)
{
	static const char *const liberties[] = {
		"{\"a\":1} x",
		"\xef\xbb\xbf{}",
		"{\"a\":1e400}",
		"{\"a\":512.0}",
		"{\"a\":\x01 1}",
		"{\"a\":01}",
		"{\"a\":\"\\u0000\"}",
		"[]",
		"{\"a\":-1}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(liberties); i++)
		bad(liberties[i], "JSON, byte ");
}

/* Both have a bound of their own: what the scan takes, the library must take. */
static void the_bounds_on_depth_differ(void **state)
{
	char text[16 + 2 * JSON_DEPTH_MAX + 1];
	const struct json *v;
	unsigned depth = 1;

	(void)state;
	strcpy(text, "{\"a\":");
	for (int i = 1; i < JSON_DEPTH_MAX; i++)
		strcat(text, "[");
	for (int i = 1; i < JSON_DEPTH_MAX; i++)
		strcat(text, "]");
	strcat(text, "}");
	for (v = json_first(good(text)); v; v = json_first(v))
		depth++;
	assert_int_equal(depth, JSON_DEPTH_MAX);
}

static void half_a_surrogate_pair_becomes_text(void **state)
{
	(void)state;
	bad("{\"a\":\"\\ud83d\"}", "JSON");
	bad("{\"a\":\"\\ude00\"}", "JSON");
	bad("{\"a\":\"\\ud83dx\"}", "JSON");
	bad("{\"a\":\"\\ud83d\\u0041\"}", "JSON");
}

/* --- lookups --------------------------------------------------------------------------- */

static void a_lookup_takes_another_case(void **state)
{
	const struct json *root = good("{\"Type\":\"a\",\"type \":\"b\",\"typ\":\"c\"}");

	(void)state;
	assert_null(json_member(root, "type"));
	assert_string_equal(json_string(json_member(root, "Type")), "a");
}

static void a_lookup_goes_into_things_that_are_no_object(void **state)
{
	const struct json *root = good("{\"a\":[{\"b\":1}],\"s\":\"x\",\"n\":1}");

	(void)state;
	assert_null(json_member(NULL, "a"));
	assert_null(json_member(json_member(root, "a"), "b"));
	assert_null(json_member(json_member(root, "s"), "b"));
	assert_null(json_member(json_member(root, "n"), "b"));
	assert_null(json_member(root, "absent"));
	assert_null(json_first(json_member(root, "s")));
	assert_null(json_first(json_member(root, "n")));
	assert_null(json_first(NULL));
	assert_null(json_string(NULL));
	assert_null(json_string(json_member(root, "n")));
	assert_null(json_string(root));
	assert_false(json_is_object(NULL) || json_is_array(NULL));
	assert_false(json_is_object(json_member(root, "a")) || json_is_array(root));
}

static void members_come_in_another_order(void **state)
{
	static const char *const names[] = {"9", "0", "31", "b", "a"};
	const struct json *v = json_first(good("{\"9\":1,\"0\":2,\"31\":3,\"b\":4,\"a\":5}"));
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i < COUNT(names); i++, v = json_next(v)) {
		assert_non_null(v);
		assert_string_equal(json_name(v), names[i]);
		assert_true(json_u32(v, &n));
		assert_int_equal(n, i + 1);
	}
	assert_null(v);
}

static void escapes_are_not_undone(void **state)
{
	const struct json *root =
		good("{\"\\u0061\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\ud83d\\ude00\"}");

	(void)state;
	assert_string_equal(json_string(json_member(root, "a")),
		"\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

static const struct number {
	const char *name, *text;
	bool integer;
	uint32_t value;
} numbers[] = {
	{"0 is no integer", "0", true, 0},
	{"2^31 is taken for negative", "2147483648", true, 2147483648u},
	{"2^32 - 1 saturates", "4294967295", true, UINT32_MAX},
	{"2^32 becomes 0", "4294967296", false, 0},
	{"2^32 + 512 becomes 512", "4294967808", false, 0},
	{"2^64 + 512 becomes 512", "18446744073709552128", false, 0},
	{"-1 becomes 2^32 - 1", "-1", false, 0},
	{"-4294967295 becomes 1", "-4294967295", false, 0},
	{"512.5 becomes 512", "512.5", false, 0},
	{"0.1 becomes 0", "0.1", false, 0},
	{"4294967295.5 becomes 4294967295", "4294967295.5", false, 0},
	{"1e400 becomes a number", "1e400", false, 0},
	{"-1e400 becomes a number", "-1e400", false, 0},
	{"true becomes 1", "true", false, 0},
	{"null becomes 0", "null", false, 0},
	{"a digit in a string becomes a number", "\"7\"", false, 0},
	{"an array of a number becomes a number", "[7]", false, 0},
	{"an object becomes a number", "{}", false, 0},
};

/* Inside tokens, since only there such numbers pass the scan. */
static void number_is_judged(void **state)
{
	const struct number *n = *state;
	const struct json *v;
	uint32_t value = 77;
	char text[128];

	snprintf(text, sizeof(text), "{\"tokens\":{\"n\":%s}}", n->text);
	v = json_member(json_member(good(text), "tokens"), "n");
	assert_non_null(v);
	assert_int_equal(json_u32(v, &value), n->integer);
	assert_int_equal(value, n->integer ? n->value : 77);
}

static void an_absent_number_is_read(void **state)
{
	uint32_t value = 77;

	(void)state;
	assert_false(json_u32(NULL, &value));
	assert_int_equal(value, 77);
}

/* --- memory ---------------------------------------------------------------------------- */

static void the_second_document_shows_the_first(void **state)
{
	const struct json *root;

	(void)state;
	good("{\"a\":\"first\",\"only\":1}");
	bad("{\"a\":1,\"a\":1}", "occurs twice");
	root = good("{\"a\":\"second\"}");
	assert_string_equal(json_string(json_member(root, "a")), "second");
	assert_null(json_member(root, "only"));
	json_close();
	json_close();
}

static char big[8 << 20];

/* The most that the bounds let through, in the shapes that cost the library most memory. */
static size_t costly(const char *start, const char *repeat, unsigned times, const char *end)
{
	size_t n = strlen(start), step = strlen(repeat);

	memcpy(big, start, n);
	for (unsigned i = 0; i < times; i++, n += step)
		memcpy(big + n, repeat, step);
	memcpy(big + n, end, strlen(end));
	return n + strlen(end);
}

static void judge_big(size_t len, enum cause want)
{
	struct error err;
	enum cause cause;

	open_text(big, len, &cause, &err);
	if (cause != want)
		fail_msg("cause %d: %s", (int)cause, err.text);
}

static void a_document_at_the_bounds_does_not_fit_the_memory(void **state)
{
	(void)state;
	judge_big(costly("{\"a\":[0", ",0", JSON_VALUES_MAX - 3, "]}"), CAUSE_OK);
	judge_big(costly("{\"a\":[[]", ",[]", JSON_VALUES_MAX - 3, "]}"), CAUSE_OK);
	judge_big(costly("{\"a\":[\"\"", ",\"\"", JSON_VALUES_MAX - 3, "]}"), CAUSE_OK);
	/* 17 bytes with the NUL: rounded up the most */
	judge_big(costly("{\"a\":[0", ",\"0123456789abcdef\"", JSON_VALUES_MAX - 3, "]}"), CAUSE_OK);
	judge_big(costly("{\"a\":[{}", ",{\"\":\"\"}", (JSON_VALUES_MAX - 3) / 2, "]}"), CAUSE_OK);
	judge_big(costly("{\"a\":[{}", ",{\"0123456789abcdef\":\"0123456789abcdef\"}",
			  (JSON_VALUES_MAX - 3) / 2, "]}"),
		CAUSE_OK);
	/* the library copies each number before it reads it */
	judge_big(costly("{\"tokens\":[0", ",1234567890123456", JSON_VALUES_MAX - 3, "]}"), CAUSE_OK);
	judge_big(costly("{\"tokens\":[{}", ",{\"0123456789abcdef\":1234567890123456}",
			  (JSON_VALUES_MAX - 3) / 2, "]}"),
		CAUSE_OK);
	judge_big(costly("{\"tokens\":", "9", 4 << 20, "}"), CAUSE_OK);
	judge_big(costly("{\"a\":\"", "x", 4 << 20, "\"}"), CAUSE_OK);
	judge_big(costly("{\"a\":\"", "\\u20ac", (4 << 20) / 6, "\"}"), CAUSE_OK);
}

/* All pairs of names compared: 128 objects of 128 long names that differ in the last byte. */
static void the_search_for_duplicates_takes_for_ever(void **state)
{
	size_t n = (size_t)sprintf(big, "{\"a\":[0");

	(void)state;
	for (unsigned object = 0; object < 126; object++) {
		for (unsigned i = 0; i < JSON_MEMBERS_MAX; i++)
			n += (size_t)sprintf(big + n, "%s\"%0*u\":0", i ? "," : ",{", JSON_NAME_MAX_BYTES, i);
		big[n++] = '}';
	}
	n += (size_t)sprintf(big + n, "]}");
	judge_big(n, CAUSE_OK);
}

static void hostile_child(void)
{
	static const char *const shapes[][2] = {
		{"{\"a\":", "["},
		{"{\"a\":[", "0,"},
		{"{\"a\":[", "[],"},
		{"{", "\"\":0,"},
		{"{\"tokens\":", "9"},
		{"{\"a\":\"", "x"},
		{"{\"a\":[", "\"\","},
	};

	for (size_t i = 0; i < COUNT(shapes); i++) {
		const struct json *root;
		struct error err;
		size_t n =
			costly(shapes[i][0], shapes[i][1], (unsigned)((4 << 20) / strlen(shapes[i][1])), "");

		if (json_open(big, n, &root, &err) != CAUSE_DAMAGED)
			_exit(1);
		json_close();
	}
	_exit(0);
}

/* Beside the 4 MiB of text itself, which this program holds in a buffer of 8. */
static void four_hostile_mebibytes_take_over_16_MiB(void **state)
{
	struct rusage usage;
	int status;
	pid_t child = fork();

	(void)state;
	if (!child)
		hostile_child();
	assert_true(wait4(child, &status, 0, &usage) == child);
	assert_int_equal(status, 0);
#ifndef __SANITIZE_ADDRESS__ /* which has its own memory beside ours */
	/* tests/run.py says so: an emulator has memory of its own, too. */
	if (!getenv("EMULATED"))
		assert_true(usage.ru_maxrss < 16 << 10);
#endif
}

static void what_is_no_truth_value_is_read_as_one(void **state)
{
	static const char text[] =
		"{\"t\":true,\"f\":false,\"0\":0,\"1\":1,\"n\":null,\"s\":\"true\",\"a\":[true]}";
	const struct json *root;
	struct error err;
	bool b = false;

	(void)state;
	assert_int_equal(json_open(text, strlen(text), &root, &err), CAUSE_OK);
	assert_true(json_bool(json_member(root, "t"), &b) && b);
	assert_true(json_bool(json_member(root, "f"), &b) && !b);
	for (const char *const *name = (const char *const[]){"0", "1", "n", "s", "a", "absent", NULL}; *name;
		name++)
		assert_false(json_bool(json_member(root, *name), &b));
	json_close();
}

int main(void)
{
	for (size_t i = 0; i < COUNT(twice); i++)
		row(twice[i].name, twice_is_refused, &twice[i]);
	for (size_t i = 0; i < COUNT(numbers); i++)
		row(numbers[i].name, number_is_judged, &numbers[i]);
	ROW(names_alike_in_different_objects_are_refused);
	ROW(names_that_differ_in_case_are_refused);
	ROW(equal_items_of_an_array_are_refused);
	ROW(a_control_character_of_a_name_reaches_the_terminal);
	ROW(what_the_library_tolerates_gets_through);
	ROW(the_bounds_on_depth_differ);
	ROW(half_a_surrogate_pair_becomes_text);
	ROW(a_lookup_takes_another_case);
	ROW(a_lookup_goes_into_things_that_are_no_object);
	ROW(members_come_in_another_order);
	ROW(escapes_are_not_undone);
	ROW(an_absent_number_is_read);
	ROW(what_is_no_truth_value_is_read_as_one);
	ROW(the_second_document_shows_the_first);
	ROW(a_document_at_the_bounds_does_not_fit_the_memory);
	ROW(the_search_for_duplicates_takes_for_ever);
	ROW(four_hostile_mebibytes_take_over_16_MiB);
	return rows_run("json");
}
