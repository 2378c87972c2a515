/* SPDX-License-Identifier: MIT */
/*
 * The members of an object by a table: each type, what is optional, and what a range does with and without a
 * verdict.
 */
#include "format/json_read.h"
#include "rows.h"

/* Something around each place: none is written beside. */
struct all {
	uint64_t before;
	const struct json *object, *strings;
	const char *text;
	enum hash hash;
	enum cipher cipher;
	uint32_t number, refs, length, behind_length;
	uint64_t decimal, size;
	uint8_t bytes[4], behind_bytes[4];
	uint32_t maybe;
};

#define AT(member) JSON_AT(all, member)

static const struct json_field fields[] = {
	{"object", JSON_OBJECT, AT(object)},
	{"strings", JSON_STRINGS, AT(strings)},
	{"text", JSON_TEXT, AT(text)},
	{"hash", JSON_HASH, AT(hash)},
	{"cipher", JSON_CIPHER, AT(cipher)},
	{"number", JSON_U32, AT(number), .low = 2, .high = 4294967294},
	{"decimal", JSON_DECIMAL, AT(decimal)},
	{"size", JSON_SIZE, AT(size)},
	{"bytes", JSON_BASE64, AT(bytes), .length = offsetof(struct all, length), .low = 2, .high = 3},
	{"refs", JSON_REFS, AT(refs)},
	{"maybe", JSON_U32, .optional = true, AT(maybe), .high = 7},
};

#define GOOD                                                                                                 \
	"\"object\":{},\"strings\":[\"a\"],\"text\":\"t\",\"hash\":\"sha512\",\"cipher\":\"aes-xts-plain\"," \
	"\"decimal\":\"18446744073709551615\",\"refs\":[\"0\",\"31\"],"
#define NUMBER "\"number\":4294967294,"
#define SIZE "\"size\":\"dynamic\","
#define BYTES "\"bytes\":\"AQID\""

static const struct row_of_read {
	const char *name, *text;
	enum cause cause; /* of the object: with a verdict, of the verdict */
	const char *says;
	bool verdict;
} rows[] = {
	{"a good object is refused", "{" GOOD NUMBER SIZE BYTES "}", CAUSE_OK, "", true},
	{"an optional member is not read", "{" GOOD NUMBER SIZE BYTES ",\"maybe\":5}", CAUSE_OK, "", true},
	{"an optional member may have any type", "{" GOOD NUMBER SIZE BYTES ",\"maybe\":\"5\"}",
		CAUSE_DAMAGED, "thing 7: \"maybe\" is missing or not an integer", false},
	{"a null optional member counts as missing", "{" GOOD NUMBER SIZE BYTES ",\"maybe\":null}",
		CAUSE_DAMAGED, "thing 7: \"maybe\" is missing or not an integer", false},
	{"what is over its range is not in the verdict", "{" GOOD NUMBER SIZE BYTES ",\"maybe\":8}",
		CAUSE_DAMAGED, "\"maybe\" is 8, out of range", true},
	{"what is over its range passes without a verdict", "{" GOOD NUMBER SIZE BYTES ",\"maybe\":8}",
		CAUSE_DAMAGED, "thing 7: \"maybe\" is 8, out of range", false},
	{"what is under its range passes", "{" GOOD "\"number\":1," SIZE BYTES "}", CAUSE_DAMAGED,
		"\"number\" is 1, out of range", true},
	{"the highest number is cut", "{" GOOD "\"number\":4294967295," SIZE BYTES "}", CAUSE_DAMAGED,
		"\"number\" is 4294967295, out of range", true},
	{"a length under its range passes", "{" GOOD NUMBER SIZE "\"bytes\":\"AQ==\"}", CAUSE_DAMAGED,
		"\"bytes length\" is 1, out of range", true},
	{"a length over its range passes", "{" GOOD NUMBER SIZE "\"bytes\":\"AQIDBA==\"}", CAUSE_DAMAGED,
		"\"bytes length\" is 4, out of range", true},
	{"bytes without room are written", "{" GOOD NUMBER SIZE "\"bytes\":\"AQIDBAU=\"}", CAUSE_DAMAGED,
		"thing 7: \"bytes\" is missing or not base64", false},
	{"a member that is missing passes", "{" GOOD NUMBER BYTES "}", CAUSE_DAMAGED,
		"thing 7: \"size\" is missing or not \"dynamic\" or a decimal string over 0", false},
	{"size 0 is dynamic", "{" GOOD NUMBER "\"size\":\"0\"," BYTES "}", CAUSE_DAMAGED, "\"size\"", false},
	{"the second of two faults is reported", "{" GOOD "\"number\":0,\"size\":1," BYTES "}", CAUSE_DAMAGED,
		"\"number\" is 0", false},
};

static struct all filled(void)
{
	struct all all;

	memset(&all, 0x55, sizeof(all));
	all.maybe = 77;
	return all;
}

static void check_places(const struct all *all)
{
	uint64_t before;
	uint32_t behind;

	memset(&before, 0x55, sizeof(before));
	memset(&behind, 0x55, sizeof(behind));
	assert_true(all->before == before);
	assert_int_equal(all->behind_length, behind);
	assert_memory_equal(all->behind_bytes, &behind, sizeof(behind));
}

static void row_is_read(void **state)
{
	const struct row_of_read *r = *state;
	struct luks_verdict verdict = {0};
	struct error err = {0};
	struct json_object o = {.name = "thing 7", .verdict = r->verdict ? &verdict : NULL, .err = &err};
	struct all all = filled();
	enum cause cause;

	assert_int_equal(json_open(r->text, strlen(r->text), &o.json, &err), CAUSE_OK);
	cause = json_read(&o, o.json, JSON_FIELDS(fields), &all);
	check_places(&all);
	json_close();
	if (r->verdict) {
		assert_int_equal(cause, CAUSE_OK);
		assert_int_equal(verdict.cause, r->cause);
		assert_string_equal(verdict.why, r->says);
	} else {
		assert_int_equal(cause, r->cause);
		assert_non_null(strstr(err.text, r->says));
	}
}

static void a_value_goes_to_another_place(void **state)
{
	static const char text[] = "{" GOOD NUMBER SIZE BYTES "}";
	struct luks_verdict verdict = {0};
	struct error err = {0};
	struct json_object o = {.name = "thing 7", .verdict = &verdict, .err = &err};
	struct all all = filled();

	(void)state;
	assert_int_equal(json_open(text, strlen(text), &o.json, &err), CAUSE_OK);
	assert_int_equal(json_read(&o, o.json, JSON_FIELDS(fields), &all), CAUSE_OK);
	assert_ptr_equal(all.object, json_member(o.json, "object"));
	assert_ptr_equal(all.strings, json_member(o.json, "strings"));
	assert_string_equal(all.text, "t");
	assert_int_equal(all.hash, HASH_SHA512);
	assert_int_equal(all.cipher, CIPHER_AES_XTS_PLAIN);
	assert_int_equal(all.number, 4294967294);
	assert_int_equal(all.refs, 1u << 31 | 1);
	assert_true(all.decimal == UINT64_MAX);
	assert_true(all.size == 0);
	assert_int_equal(all.length, 3);
	assert_memory_equal(all.bytes, "\1\2\3", 3);
	assert_int_equal(all.maybe, 77);
	json_close();
}

int main(void)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		row(rows[i].name, row_is_read, &rows[i]);
	ROW(a_value_goes_to_another_place);
	return rows_run("json_read");
}
