/* SPDX-License-Identifier: MIT */
/* The binary header: each field wrong in turn, and the checksum over all of it. */
#include "format/luks2_binary.h"
#include "header_image.h"
#include "rows.h"

enum { HDR = IMAGE_HDR_MIN };

static uint8_t *copy_at(uint64_t at, uint64_t hdr_size)
{
	uint8_t *image = calloc(1, (size_t)(at + hdr_size));
	char *json = malloc(IMAGE_JSON_ROOM);

	assert_non_null(image);
	assert_non_null(json);
	image_json(json, IMAGE_JSON_ROOM, hdr_size);
	image_put(image, at, hdr_size, 7, json);
	free(json);
	return image;
}

/* The first 4096 bytes in memory of their own, as the header search reads them. */
static enum cause decode(const uint8_t *copy, uint64_t at, struct luks2_binary *bin, struct error *err)
{
	uint8_t *first = malloc(LUKS2_BINARY_BYTES);
	enum cause cause;

	assert_non_null(first);
	memcpy(first, copy, LUKS2_BINARY_BYTES);
	memset(bin, 0xee, sizeof(*bin));
	memset(err, 0, sizeof(*err));
	cause = luks2_binary_decode(first, at, bin, err);
	free(first);
	return cause;
}

static void a_field_is_read_from_another_place(void **state)
{
	uint8_t *copy = copy_at(0, HDR);
	struct luks2_binary bin;
	struct error err;

	(void)state;
	image_put_number(copy + IMAGE_SEQID, 8, 0x0102030405060708);
	assert_int_equal(decode(copy, 0, &bin, &err), CAUSE_OK);
	assert_true(bin.hdr_size_bytes == HDR);
	assert_true(bin.seqid == 0x0102030405060708);
	assert_int_equal(bin.csum_hash, HASH_SHA256);
	assert_string_equal(bin.uuid, IMAGE_UUID_TEXT);
	assert_string_equal(bin.label, "first");
	assert_string_equal(bin.subsystem, "sub");
	free(copy);
}

static void one_of_the_nine_sizes_is_refused(void **state)
{
	struct luks2_binary bin;
	struct error err;

	(void)state;
	for (uint64_t size = 0x4000; size <= 0x400000; size *= 2) {
		uint8_t *image = copy_at(size, size);

		assert_int_equal(decode(image + size, size, &bin, &err), CAUSE_OK);
		assert_true(bin.hdr_size_bytes == size);
		assert_int_equal(luks2_binary_verify(&bin, image + size, &err), CAUSE_OK);
		free(image);
	}
}

/* --- fields ---------------------------------------------------------------------------- */

static const struct field {
	const char *name;
	uint64_t at; /* where the copy is read from */
	unsigned off, len;
	const char *bytes;
	enum cause cause;
	const char *piece;
} fields[] = {
	{"no magic is accepted", 0, 0, 6, "\0\0\0\0\0\0", CAUSE_DAMAGED, "no LUKS magic"},
	{"five bytes of the magic are enough", 0, 5, 1, "\xbf", CAUSE_DAMAGED, "no LUKS magic"},
	{"the secondary's magic is accepted at byte 0", 0, 0, 6, "SKUL\xba\xbe", CAUSE_DAMAGED,
		"no LUKS magic"},
	{"the primary's magic is accepted behind byte 0", HDR, 0, 6, "LUKS\xba\xbe", CAUSE_DAMAGED,
		"no LUKS magic"},
	{"version 0 is accepted", 0, 6, 2, "\0\0", CAUSE_UNSUPPORTED, "LUKS version 0"},
	{"version 1 is accepted", 0, 6, 2, "\0\1", CAUSE_UNSUPPORTED, "LUKS version 1"},
	{"version 3 is accepted", 0, 6, 2, "\0\3", CAUSE_UNSUPPORTED, "LUKS version 3"},
	{"version 2 is read from the low byte only", 0, 6, 2, "\1\2", CAUSE_UNSUPPORTED, "LUKS version 258"},
	{"version 2 is read in the other byte order", 0, 6, 2, "\2\0", CAUSE_UNSUPPORTED, "LUKS version 512"},
	{"header size 0 is accepted", 0, 8, 8, "\0\0\0\0\0\0\0\0", CAUSE_DAMAGED, "header size 0 "},
	{"a header size of 4096 is accepted", 0, 8, 8, "\0\0\0\0\0\0\x10\0", CAUSE_DAMAGED,
		"header size 4096 "},
	{"a header size of 8192 is accepted", 0, 8, 8, "\0\0\0\0\0\0\x20\0", CAUSE_DAMAGED,
		"header size 8192 "},
	{"a header size of 16383 is accepted", 0, 8, 8, "\0\0\0\0\0\0\x3f\xff", CAUSE_DAMAGED,
		"header size 16383 "},
	{"a header size of 20480 is accepted", 0, 8, 8, "\0\0\0\0\0\0\x50\0", CAUSE_DAMAGED,
		"header size 20480 "},
	{"a header size of 48 KiB is accepted", 0, 8, 8, "\0\0\0\0\0\0\xc0\0", CAUSE_DAMAGED,
		"header size 49152 "},
	{"a header size of 8 MiB is accepted", 0, 8, 8, "\0\0\0\0\0\x80\0\0", CAUSE_DAMAGED,
		"header size 8388608 "},
	{"a header size of 2^32 + 16 KiB is cut", 0, 8, 8, "\0\0\0\1\0\0\x40\0", CAUSE_DAMAGED,
		"header size 4294983680 "},
	{"a header size of 2^63 is accepted", 0, 8, 8, "\x80\0\0\0\0\0\0\0", CAUSE_DAMAGED,
		"header size 9223372036854775808 "},
	{"a header size of 2^64 - 1 is accepted", 0, 8, 8, "\xff\xff\xff\xff\xff\xff\xff\xff", CAUSE_DAMAGED,
		"header size 18446744073709551615 "},
	{"a secondary of another size than its place is accepted", HDR, 8, 8, "\0\0\0\0\0\0\x80\0",
		CAUSE_DAMAGED, "of size 32768 is at byte 16384"},
	{"a label without an end is accepted", 0, 24, 48, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		CAUSE_DAMAGED, "label or subsystem is not terminated"},
	{"a label of 47 bytes is refused", 0, 24, 48, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		CAUSE_OK, ""},
	{"a subsystem without an end is accepted", 0, 208, 48,
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", CAUSE_DAMAGED,
		"label or subsystem is not terminated"},
	{"an empty checksum algorithm is accepted", 0, 72, 32,
		"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", CAUSE_UNSUPPORTED,
		"checksum algorithm"},
	{"a checksum algorithm in capitals is refused", 0, 72, 7, "SHA256", CAUSE_OK, ""},
	{"a checksum algorithm without an end is accepted", 0, 72, 32, "sha256sha256sha256sha256sha256sh",
		CAUSE_DAMAGED, "checksum algorithm is not terminated"},
	{"a checksum algorithm that begins well is accepted", 0, 72, 8, "sha256x", CAUSE_UNSUPPORTED,
		"checksum algorithm"},
	{"a null checksum is accepted", 0, 72, 7, "none\0\0", CAUSE_UNSUPPORTED, "checksum algorithm"},
	{"an empty UUID is accepted", 0, 168, 1, "", CAUSE_DAMAGED, "UUID"},
	{"a UUID of 35 characters is accepted", 0, 168 + 35, 1, "", CAUSE_DAMAGED, "UUID"},
	{"a UUID of 37 characters is accepted", 0, 168 + 36, 2, "0", CAUSE_DAMAGED, "UUID"},
	{"a UUID without an end is accepted", 0, 168, 40, "6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b210000",
		CAUSE_DAMAGED, "UUID"},
	{"a slash in a UUID is accepted", 0, 168, 1, "/", CAUSE_DAMAGED, "UUID"},
	{"a newline in a UUID is accepted", 0, 168 + 3, 1, "\n", CAUSE_DAMAGED, "UUID"},
	{"the letter g in a UUID is accepted", 0, 168 + 3, 1, "g", CAUSE_DAMAGED, "UUID"},
	{"the letter G in a UUID is accepted", 0, 168 + 3, 1, "G", CAUSE_DAMAGED, "UUID"},
	{"a colon in a UUID is accepted", 0, 168 + 3, 1, ":", CAUSE_DAMAGED, "UUID"},
	{"a digit for the first dash is accepted", 0, 168 + 8, 1, "0", CAUSE_DAMAGED, "UUID"},
	{"a digit for the last dash is accepted", 0, 168 + 23, 1, "0", CAUSE_DAMAGED, "UUID"},
	{"a dash for a digit is accepted", 0, 168 + 9, 1, "-", CAUSE_DAMAGED, "UUID"},
	{"a UUID in capitals is refused", 0, 168, 8, "6D1B3A5E", CAUSE_OK, ""},
	{"a primary written for another place is accepted", 0, 256, 8, "\0\0\0\0\0\0\x40\0", CAUSE_DAMAGED,
		"was written for byte 16384, not for byte 0"},
	{"a secondary written for byte 0 is accepted", HDR, 256, 8, "\0\0\0\0\0\0\0\0", CAUSE_DAMAGED,
		"was written for byte 0, not for byte 16384"},
	{"an offset that differs above 32 bits is accepted", HDR, 256, 8, "\0\0\0\1\0\0\x40\0", CAUSE_DAMAGED,
		"was written for byte"},
	{"a salt of zeroes is refused", 0, 104, 8, "\0\0\0\0\0\0\0\0", CAUSE_OK, ""},
};

static void field_is_judged(void **state)
{
	const struct field *f = *state;
	uint8_t *image = copy_at(f->at, HDR);
	struct luks2_binary bin;
	struct error err;

	memcpy(image + f->at + f->off, f->bytes, f->len);
	assert_int_equal(decode(image + f->at, f->at, &bin, &err), f->cause);
	if (f->cause && !strstr(err.text, f->piece))
		fail_msg("\"%s\" does not say \"%s\"", err.text, f->piece);
	free(image);
}

static void a_header_is_taken_from_where_it_does_not_belong(void **state)
{
	uint8_t *image = copy_at(HDR, HDR);
	struct luks2_binary bin;
	struct error err;

	(void)state;
	assert_int_equal(decode(image + HDR, HDR, &bin, &err), CAUSE_OK);
	assert_int_equal(decode(image + HDR, 2 * HDR, &bin, &err), CAUSE_DAMAGED);
	assert_int_equal(decode(image + HDR, 0, &bin, &err), CAUSE_DAMAGED);
	free(image);
}

static void the_first_bytes_are_mistaken(void **state)
{
	static const struct {
		const char *bytes;
		enum luks_magic magic;
		unsigned version;
	} firsts[] = {
		{"LUKS\xba\xbe\0\1", LUKS_MAGIC_PRIMARY, 1},
		{"LUKS\xba\xbe\0\2", LUKS_MAGIC_PRIMARY, 2},
		{"LUKS\xba\xbe\1\0", LUKS_MAGIC_PRIMARY, 256},
		{"SKUL\xba\xbe\0\2", LUKS_MAGIC_SECONDARY, 2},
		{"LUKS\xba\xbf\0\2", LUKS_MAGIC_NONE, 0},
		{"luks\xba\xbe\0\2", LUKS_MAGIC_NONE, 0},
		{"\0\0\0\0\0\0\0\0", LUKS_MAGIC_NONE, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(firsts); i++) {
		unsigned version = 99;

		assert_int_equal(luks_magic((const uint8_t *)firsts[i].bytes, &version), firsts[i].magic);
		if (firsts[i].magic)
			assert_int_equal(version, firsts[i].version);
	}
}

/* --- checksum -------------------------------------------------------------------------- */

/* SHA-256 of the good 16 KiB primary with sequence 7, by another implementation. */
#define SUM_ELSEWHERE "8d83a0ae17ab7da1ae13209c3551a7e253d08692bcfcedc1f2ca73c431699a92"

static void the_checksum_covers_other_bytes_than_the_format_says(void **state)
{
	uint8_t *copy = copy_at(0, HDR);
	struct luks2_binary bin;
	char hex[65];
	struct error err;

	(void)state;
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", copy[IMAGE_CSUM + i]);
	assert_string_equal(hex, SUM_ELSEWHERE);
	assert_int_equal(decode(copy, 0, &bin, &err), CAUSE_OK);
	assert_int_equal(luks2_binary_verify(&bin, copy, &err), CAUSE_OK);
	free(copy);
}

static void a_hash_other_than_sha256_is_not_used(void **state)
{
	static const char *const names[] = {"sha1", "sha224", "sha256", "sha384", "sha512"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		uint8_t *copy = copy_at(0, HDR);
		struct luks2_binary bin;
		struct error err;

		image_put_text(copy + IMAGE_CSUM_ALG, 32, names[i]);
		image_seal(copy);
		assert_int_equal(decode(copy, 0, &bin, &err), CAUSE_OK);
		assert_int_equal(luks2_binary_verify(&bin, copy, &err), CAUSE_OK);
		copy[IMAGE_CSUM + hash_bytes(bin.csum_hash) - 1] ^= 1;
		assert_int_equal(luks2_binary_verify(&bin, copy, &err), CAUSE_DAMAGED);
		assert_non_null(strstr(err.text, names[i]));
		free(copy);
	}
}

/* One bit of one byte: every byte of the first sector, and others up to the last. */
static void a_flipped_bit_goes_unnoticed(void **state)
{
	uint8_t *copy = copy_at(0, HDR);
	struct luks2_binary bin;
	struct error err;

	(void)state;
	assert_int_equal(decode(copy, 0, &bin, &err), CAUSE_OK);
	for (size_t at = 0; at < HDR; at += at < 512 ? 1 : at < 5000 ? 61 : 509) {
		/* behind the 32 bytes of a SHA-256 the field is not used */
		if (at >= IMAGE_CSUM + 32 && at < IMAGE_CSUM + 64)
			continue;
		copy[at] ^= (uint8_t)(1 << at % 8);
		if (luks2_binary_verify(&bin, copy, &err) != CAUSE_DAMAGED)
			fail_msg("byte %zu", at);
		copy[at] ^= (uint8_t)(1 << at % 8);
	}
	copy[HDR - 1] ^= 1;
	assert_int_equal(luks2_binary_verify(&bin, copy, &err), CAUSE_DAMAGED);
	free(copy);
}

int main(void)
{
	for (size_t i = 0; i < COUNT(fields); i++)
		row(fields[i].name, field_is_judged, &fields[i]);
	ROW(a_field_is_read_from_another_place);
	ROW(one_of_the_nine_sizes_is_refused);
	ROW(a_header_is_taken_from_where_it_does_not_belong);
	ROW(the_first_bytes_are_mistaken);
	ROW(the_checksum_covers_other_bytes_than_the_format_says);
	ROW(a_hash_other_than_sha256_is_not_used);
	ROW(a_flipped_bit_goes_unnoticed);
	return rows_run("luks2_binary");
}
