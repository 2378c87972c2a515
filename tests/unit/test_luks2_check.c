/* SPDX-License-Identifier: MIT */
/* The rules that tie the objects of a LUKS2 header together. */
#include "header_image_rows.h"

#define DAMAGED REFUSED, CAUSE_DAMAGED
#define OK FINE, CAUSE_OK, ""
#define OUTSIDE "is not inside the keyslots area, 32768 to 16777216"
#define OVERLAP "areas overlap"

/* The keyslots area is [32768, 16777216); keyslot 0 has [32768, 290816), keyslot 1 [290816, 548864). */
static const struct edit_row areas[] = {
	{"an area at byte 0 is accepted", DAMAGED, "keyslot 0: area at 0, 258048 bytes, " OUTSIDE,
		{{SET, "keyslots/0/area/offset", "\"0\""}}},
	{"an area over the secondary header is accepted", DAMAGED, OUTSIDE,
		{{SET, "keyslots/0/area/offset", "\"16384\""}}},
	{"an area that begins a byte too early is accepted", DAMAGED, OUTSIDE,
		{{SET, "keyslots/0/area/offset", "\"32767\""}}},
	{"an area that ends with the keyslots area is refused", OK,
		{{SET, "keyslots/1/area/offset", "\"16519168\""}}},
	{"an area that ends a byte too late is accepted", DAMAGED, "keyslot 1: area at 16519169",
		{{SET, "keyslots/1/area/offset", "\"16519169\""}}},
	{"an area behind the keyslots area is accepted", DAMAGED, OUTSIDE,
		{{SET, "keyslots/1/area/offset", "\"16777216\""}}},
	{"an area in the data is accepted", DAMAGED, OUTSIDE,
		{{SET, "keyslots/1/area/offset", "\"33554432\""}}},
	{"an area near 2^64 wraps round", DAMAGED, OUTSIDE,
		{{SET, "keyslots/1/area/offset", "\"18446744073709551104\""}}},
	{"an area at 2^64 - 1 wraps round", DAMAGED, OUTSIDE,
		{{SET, "keyslots/1/area/offset", "\"18446744073709551615\""}}},
	{"an area that ends at 2^64 exactly wraps round to 0", DAMAGED, OUTSIDE,
		{{SET, "keyslots/1/area/offset", "\"18446744073709293568\""}}},
	{"a size near 2^64 wraps round", DAMAGED, OUTSIDE,
		{{SET, "keyslots/1/area/size", "\"18446744073709551615\""}}},
	{"a size that brings the end back to the start wraps round", DAMAGED, OUTSIDE,
		{{SET, "keyslots/1/area/size", "\"18446744073709551361\""}}},
	{"an area at 2^32 + 32768 is cut to 32 bits", DAMAGED, OUTSIDE,
		{{SET, "keyslots/0/area/offset", "\"4295000064\""}}},
	{"a size of 2^32 + 258048 is cut to 32 bits", DAMAGED, OUTSIDE,
		{{SET, "keyslots/0/area/size", "\"4295225344\""}}},
	{"an area of no bytes is accepted", DAMAGED, OUTSIDE, {{SET, "keyslots/0/area/size", "\"0\""}}},
	{"an area longer than the keyslots area is accepted", DAMAGED, OUTSIDE,
		{{SET, "keyslots/0/area/size", "\"16744449\""}}},
	{"areas that are the same are accepted", DAMAGED, "keyslots 0 and 1: " OVERLAP,
		{{SET, "keyslots/1/area/offset", "\"32768\""}}},
	{"areas that share their edge byte are accepted", DAMAGED, OVERLAP,
		{{SET, "keyslots/1/area/offset", "\"290815\""}}},
	{"the second area over the start of the first is accepted", DAMAGED, OVERLAP,
		{{SET, "keyslots/0/area/offset", "\"40000\""}, {SET, "keyslots/1/area/offset", "\"32768\""}}},
	{"an area inside another is accepted", DAMAGED, OVERLAP,
		{{SET, "keyslots/0/area/size", "\"1000000\""},
			{SET, "keyslots/1/area/offset", "\"300000\""}}},
	{"an area around another is accepted", DAMAGED, OVERLAP,
		{{SET, "keyslots/0/area/offset", "\"300000\""}, {SET, "keyslots/1/area/offset", "\"32768\""},
			{SET, "keyslots/1/area/size", "\"1000000\""}}},
	{"areas that touch are refused", OK, {{SET, "keyslots/1/area/offset", "\"290816\""}}},
	{"areas in another order than the keyslots are refused", OK,
		{{SET, "keyslots/0/area/offset", "\"1000000\""}}},
	{"the area of an unusable keyslot is not compared", DAMAGED, OVERLAP,
		{{SET, "keyslots/0/kdf/type", "\"new\""}, {SET, "keyslots/1/area/offset", "\"32768\""}}},
	{"the area of a keyslot of another type is not compared", DAMAGED, "keyslots 1 and 5: " OVERLAP,
		{{ADD, "keyslots",
			"\"5\":{\"type\":\"other\",\"key_size\":1,\"area\":{\"type\":\"none\","
			"\"offset\":\"290816\",\"size\":\"512\"}}"}}},
	{"the area of a keyslot of another type may be outside", DAMAGED, "keyslot 5: area at 512",
		{{ADD, "keyslots",
			"\"5\":{\"type\":\"other\",\"key_size\":1,\"area\":{\"type\":\"none\","
			"\"offset\":\"512\",\"size\":\"512\"}}"}}},
	{"areas in a keyslots area of no bytes are accepted", DAMAGED, "32768 to 32768",
		{{SET, "config/keyslots_size", "\"0\""}}},
};

#define LINEAR(off, size) "{\"type\":\"linear\",\"offset\":\"" off "\",\"size\":\"" size "\"}"
#define CRYPT(off, size)                                                                                     \
	"{\"type\":\"crypt\",\"offset\":\"" off "\",\"size\":\"" size "\",\"iv_tweak\":\"0\","               \
	"\"encryption\":\"aes-xts-plain64\",\"sector_size\":512}"
#define BACKUP(flag)                                                                                         \
	"{\"type\":\"crypt\",\"offset\":\"16777216\",\"size\":\"dynamic\",\"iv_tweak\":\"0\","               \
	"\"encryption\":\"aes-xts-plain64\",\"sector_size\":512,\"flags\":[\"" flag "\"]}"

static const struct edit_row segments[] = {
	{"no segment at all is accepted", DAMAGED, "no segment in the header",
		{{SET, "segments", "{}"}, {SET, "digests/0/segments", "[]"}}},
	{"a segment 1 without a segment 0 is accepted", DAMAGED, "segment 0 is missing",
		{{RENAME, "segments/0", "1"}, {SET, "digests/0/segments", "[\"1\"]"}}},
	{"a gap in the numbers is accepted", DAMAGED, "segment 1 is missing",
		{{SET, "segments/0/size", "\"1048576\""},
			{ADD, "segments", "\"2\":" CRYPT("17825792", "dynamic")}}},
	{"two segments are mapped as one", SEGMENT, CAUSE_UNSUPPORTED, "the data is in 2 segments",
		{{SET, "segments/0/size", "\"1048576\""},
			{ADD, "segments", "\"1\":" CRYPT("17825792", "dynamic")}}},
	{"a linear segment behind is mapped as one", SEGMENT, CAUSE_UNSUPPORTED, "the data is in 2 segments",
		{{SET, "segments/0/size", "\"1048576\""},
			{ADD, "segments", "\"1\":" LINEAR("17825792", "dynamic")}}},
	{"a dynamic segment in front of another is accepted", DAMAGED,
		"segment 0 is \"dynamic\" but not the last",
		{{ADD, "segments", "\"1\":" CRYPT("17825792", "dynamic")}}},
	{"segments that overlap by a sector are accepted", DAMAGED, "segments 0 and 1 overlap",
		{{SET, "segments/0/size", "\"1048576\""},
			{ADD, "segments", "\"1\":" CRYPT("17825280", "dynamic")}}},
	{"segments that a re-encryption put in another order are damaged", SEGMENT, CAUSE_UNSUPPORTED,
		"2 segments",
		{{SET, "segments/0/offset", "\"33554432\""}, {SET, "segments/0/size", "\"1048576\""},
			{ADD, "segments", "\"1\":" CRYPT("16777216", "1048576")}}},
	{"segments that overlap in another order are accepted", DAMAGED, "segments 0 and 1 overlap",
		{{SET, "segments/0/offset", "\"33554432\""}, {SET, "segments/0/size", "\"1048576\""},
			{ADD, "segments", "\"1\":" CRYPT("16777216", "16777728")}}},
	{"a dynamic segment over one behind it is accepted", DAMAGED, "segments 0 and 1 overlap",
		{{SET, "segments/0/offset", "\"33554432\""}, {SET, "segments/0/size", "\"1048576\""},
			{ADD, "segments", "\"1\":" CRYPT("16777216", "dynamic")}}},
	{"a later segment over the keyslots is accepted", DAMAGED, "segment 1: begins at byte 16776704",
		{{SET, "segments/0/offset", "\"33554432\""}, {SET, "segments/0/size", "\"1048576\""},
			{ADD, "segments", "\"1\":" CRYPT("16776704", "512")}}},
	{"segments that end near 2^64 wrap round", DAMAGED, "segments 0 and 1 overlap",
		{{SET, "segments/0/offset", "\"9223372036854775296\""},
			{SET, "segments/0/size", "\"9223372036854775296\""},
			{ADD, "segments", "\"1\":" CRYPT("16777216", "dynamic")}}},
	{"a segment in the text before segment 0 is taken for it", SEGMENT, CAUSE_UNSUPPORTED, "2 segments",
		{{SET, "segments/0/size", "\"1048576\""},
			{ADD_FIRST, "segments", "\"1\":" CRYPT("17825792", "dynamic")}}},
	{"a backup segment is overlooked", REQUIREMENTS, CAUSE_UNSUPPORTED, "re-encryption is under way",
		{{ADD, "segments", "\"1\":" BACKUP("backup-final")}}},
	{"a backup-previous segment is overlooked", REQUIREMENTS, CAUSE_UNSUPPORTED,
		"re-encryption is under way", {{ADD, "segments", "\"1\":" BACKUP("backup-previous")}}},
	{"a backup-moved-segment is overlooked", REQUIREMENTS, CAUSE_UNSUPPORTED,
		"re-encryption is under way", {{ADD, "segments", "\"1\":" BACKUP("backup-moved-segment")}}},
	{"a regular segment behind a backup is accepted", DAMAGED, "segment 1 follows a backup segment",
		{{SET, "segments/0", BACKUP("backup-final")},
			{ADD, "segments", "\"1\":" CRYPT("17825792", "dynamic")}}},
	{"an only segment that is a backup is mapped", REQUIREMENTS, CAUSE_UNSUPPORTED,
		"re-encryption is under way", {{SET, "segments/0", BACKUP("backup-final")}}},
	{"wrong numbers in a second segment are overlooked", DAMAGED, "segment 1: sector size",
		{{SET, "segments/0/size", "\"1048576\""},
			{ADD, "segments",
				"\"1\":{\"type\":\"crypt\",\"offset\":\"17825792\",\"size\":\"dynamic\","
				"\"iv_tweak\":\"0\",\"encryption\":\"aes-xts-plain64\","
				"\"sector_size\":513}"}}},

	{"data over the primary header are mapped", DAMAGED,
		"segment 0: begins at byte 512, inside the header that ends at 16777216",
		{{SET, "segments/0/offset", "\"512\""}}},
	{"data over the keyslots are mapped", DAMAGED, "inside the header that ends at",
		{{SET, "segments/0/offset", "\"16776704\""}}},
	{"data right behind the keyslots area are refused", OK, {{SET, "segments/0/offset", "\"16777216\""}}},
	{"data further behind are refused", OK, {{SET, "segments/0/offset", "\"33554432\""}}},
	{"data of a detached header are refused", OK, {{SET, "segments/0/offset", "\"0\""}}},
};

#define DIGEST_OF(keyslots, segments)                                                                        \
	"{\"type\":\"pbkdf2\",\"keyslots\":[" keyslots "],\"segments\":[" segments "],\"hash\":\"sha256\","  \
	"\"iterations\":1000,\"salt\":\"" IMAGE_SALT_TEXT "\",\"digest\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}"

static const struct edit_row references[] = {
	{"a digest for a keyslot that does not exist is accepted", DAMAGED,
		"digest 0: refers to a keyslot that does not exist",
		{{SET, "digests/0/keyslots", "[\"0\",\"1\",\"2\"]"}}},
	{"a digest for keyslot 31 that is not there is accepted", DAMAGED,
		"digest 0: refers to a keyslot that does not exist",
		{{SET, "digests/0/keyslots", "[\"0\",\"1\",\"31\"]"}}},
	{"a digest for a segment that does not exist is accepted", DAMAGED,
		"digest 0: refers to a segment that does not exist",
		{{SET, "digests/0/segments", "[\"0\",\"1\"]"}}},
	{"a keyslot without a digest is tried", DAMAGED,
		"keyslot 1: belongs to 0 digests, not to exactly one",
		{{SET, "digests/0/keyslots", "[\"0\"]"}}},
	{"a keyslot of two digests is tried", DAMAGED, "keyslot 0: belongs to 2 digests, not to exactly one",
		{{ADD, "digests", "\"1\":" DIGEST_OF("\"0\"", "")}}},
	{"a keyslot named twice by its digest is refused", OK,
		{{SET, "digests/0/keyslots", "[\"0\",\"1\",\"1\",\"0\"]"}}},
	{"a segment of no digest is mapped", DAMAGED, "segment 0: belongs to 0 digests, not to exactly one",
		{{SET, "digests/0/segments", "[]"}}},
	{"a segment of two digests is mapped", DAMAGED, "segment 0: belongs to 2 digests, not to exactly one",
		{{ADD, "digests", "\"1\":" DIGEST_OF("", "\"0\"")}}},
	{"a segment of no type of ours must have a digest", SEGMENT, CAUSE_UNSUPPORTED,
		"segment type \"linear\"",
		{{SET, "segments/0", LINEAR("16777216", "dynamic")}, {SET, "digests/0/segments", "[]"}}},
	{"an unbound key is refused", OK,
		{{ADD, "digests", "\"1\":" DIGEST_OF("\"1\"", "")}, {SET, "digests/0/keyslots", "[\"0\"]"}}},
	{"no digest at all is accepted", DAMAGED, "segment 0: belongs to 0 digests",
		{{SET, "digests", "{}"}}},
	{"a digest for a keyslot of another type is refused", OK,
		{{ADD, "keyslots",
			 "\"5\":{\"type\":\"other\",\"key_size\":1,\"area\":{\"type\":\"none\","
			 "\"offset\":\"1048576\",\"size\":\"512\"}}"},
			{SET, "digests/0/keyslots", "[\"0\",\"1\",\"5\"]"}}},

	{"a key too short for the data's cipher is used", SLOT_0, CAUSE_DAMAGED,
		"its key of 16 bytes does not fit aes-xts-plain64", {{SET, "keyslots/0/key_size", "16"}}},
	{"a key of 40 bytes is used with aes-xts", SLOT_0, CAUSE_DAMAGED,
		"its key of 40 bytes does not fit aes-xts-plain64", {{SET, "keyslots/0/key_size", "40"}}},
	{"a key of 33 bytes is used with aes-xts", SLOT_0, CAUSE_DAMAGED,
		"its key of 33 bytes does not fit aes-xts-plain64", {{SET, "keyslots/0/key_size", "33"}}},
	{"a key of 32 bytes is refused with aes-xts", OK, {{SET, "keyslots/0/key_size", "32"}}},
	{"a key of 64 bytes is used with Adiantum", SLOT_0, CAUSE_DAMAGED,
		"does not fit xchacha12,aes-adiantum-plain64",
		{{SET, "segments/0/encryption", "\"xchacha12,aes-adiantum-plain64\""},
			{SET, "keyslots/1/key_size", "32"}}},
	{"an unbound key must fit the data's cipher", OK,
		{{SET, "keyslots/1/key_size", "16"}, {ADD, "digests", "\"1\":" DIGEST_OF("\"1\"", "")},
			{SET, "digests/0/keyslots", "[\"0\"]"}}},
	{"a key must fit a cipher that is not known", SEGMENT, CAUSE_UNSUPPORTED, "cipher \"other\"",
		{{SET, "segments/0/encryption", "\"other\""}, {SET, "keyslots/0/key_size", "16"}}},
};

static void a_keyslot_is_bound_to_the_wrong_digest(void **state)
{
	static const struct edit edits[] = {
		{RENAME, "digests/0", "5"},
		{ADD, "digests", "\"3\":" DIGEST_OF("\"1\"", "")},
		{SET, "digests/5/keyslots", "[\"0\"]"},
	};
	const struct luks *l = &judge_edits(edits, 3)->luks;

	(void)state;
	assert_int_equal(l->digest_count, 2);
	assert_int_equal(l->digests[l->keyslots[0].digest].id, 5);
	assert_int_equal(l->digests[l->keyslots[1].digest].id, 3);
	assert_true(l->digests[l->keyslots[0].digest].covers_segment);
	assert_false(l->digests[l->keyslots[1].digest].covers_segment);
}

static void segments_in_another_order_of_the_text_mix_up_their_numbers(void **state)
{
	static const struct edit edits[] = {
		{SET, "segments/0/size", "\"1048576\""},
		{ADD_FIRST, "segments", "\"1\":" CRYPT("17825792", "dynamic")},
	};
	const struct edit_outcome *o = judge_edits(edits, 2);

	(void)state;
	assert_int_equal(o->cause, CAUSE_OK);
	assert_int_equal(o->luks.segment_count, 2);
	assert_true(o->luks.segments[0].off == 16777216 && o->luks.segments[0].size_bytes == 1048576);
}

/* Thirty-two of everything, areas edge to edge: the loops reach their last turn. */
static void the_last_of_32_segments_is_not_checked(void **state)
{
	static char text[IMAGE_JSON_ROOM], one[400];

	(void)state;
	for (unsigned wrong = 0; wrong < 2; wrong++) {
		const struct edit_outcome *o;

		image_json(text, sizeof(text), IMAGE_HDR_MIN);
		edit_set(text, sizeof(text), "segments/0/size", "\"4096\"");
		for (unsigned i = 1; i < 32; i++) {
			snprintf(one, sizeof(one),
				"\"%u\":{\"type\":\"linear\",\"offset\":\"%u\",\"size\":\"4096\"}", i,
				16777216 + i * 4096 - (wrong && i == 31 ? 512 : 0));
			edit_add(text, sizeof(text), "segments", one);
		}
		o = judge_text(text);
		assert_int_equal(o->cause, wrong ? CAUSE_DAMAGED : CAUSE_OK);
		if (!wrong)
			assert_int_equal(o->luks.segment_count, 32);
	}
}

int main(void)
{
	edit_rows(areas, COUNT(areas));
	edit_rows(segments, COUNT(segments));
	edit_rows(references, COUNT(references));
	ROW(a_keyslot_is_bound_to_the_wrong_digest);
	ROW(segments_in_another_order_of_the_text_mix_up_their_numbers);
	ROW(the_last_of_32_segments_is_not_checked);
	return rows_run("luks2_check");
}
