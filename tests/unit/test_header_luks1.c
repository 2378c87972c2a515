/* SPDX-License-Identifier: MIT */
/* LUKS1: no checksum, so every field's range is all there is. */
#include "format/header.h"
#include "header_image.h"
#include "header_image_model.h"
#include "rows.h"

enum {
	DEVICE_BYTES = 64 << 10,
	SLOT_0 = LUKS1_SLOTS,
	SLOT_1 = LUKS1_SLOTS + 48,
	SLOT_2 = LUKS1_SLOTS + 96,
	SLOT_7 = LUKS1_SLOTS + 336
};

struct outcome {
	enum cause cause;
	struct luks luks;
	struct header_report report;
	struct error err;
};

static struct outcome load(const uint8_t *image, size_t size)
{
	struct reader r = reader_memory(image, size, "img");
	static struct outcome o;

	memset(&o, 0x77, sizeof(o));
	o.cause = header_load(&r, &o.luks, &o.report, &o.err);
	if (!o.cause && model_fault(&o.luks))
		fail_msg("%s", model_fault(&o.luks));
	return o;
}

/* ONE_SLOT: the others stay as they were. */
enum where { FINE, REFUSED, SLOTS, ONE_SLOT, SEGMENT_AND_SLOTS };

static const struct field {
	const char *name;
	unsigned off, len;
	const char *bytes;
	enum where where;
	const char *piece;
} fields[] = {
	{"a good header is refused", 0, 0, "", FINE, ""},
	{"a cipher without an end is accepted", LUKS1_CIPHER, 32, "aesxaesxaesxaesxaesxaesxaesxaesx", REFUSED,
		"cipher name is empty or not terminated"},
	{"an empty cipher is accepted", LUKS1_CIPHER, 1, "", REFUSED, "cipher name is empty"},
	{"a mode without an end is accepted", LUKS1_MODE, 32, "xts-plain64xxxxxxxxxxxxxxxxxxxxx", REFUSED,
		"cipher mode is empty or not terminated"},
	{"an empty mode is accepted", LUKS1_MODE, 1, "", REFUSED, "cipher mode is empty"},
	{"a hash without an end is accepted", LUKS1_HASH, 32, "sha256xxxxxxxxxxxxxxxxxxxxxxxxxx", REFUSED,
		"hash name is empty or not terminated"},
	{"an empty hash is accepted", LUKS1_HASH, 1, "", REFUSED, "hash name is empty"},
	{"a null cipher is mapped", LUKS1_CIPHER, 12, "cipher_null", SEGMENT_AND_SLOTS,
		"cipher \"cipher_null-xts-plain64\" is not supported"},
	{"a cipher with a blank is mapped", LUKS1_CIPHER, 5, "aes ", SEGMENT_AND_SLOTS,
		"cipher \"aes -xts-plain64\""},
	{"an unknown mode is mapped", LUKS1_MODE, 5, "ecb\0", SEGMENT_AND_SLOTS, "cipher \"aes-ecb\""},
	{"a cipher in capitals is refused", LUKS1_CIPHER, 3, "AES", FINE, ""},
	{"a mode in capitals is refused", LUKS1_MODE, 3, "XTS", FINE, ""},
	{"a hash in capitals is refused", LUKS1_HASH, 3, "SHA", FINE, ""},
	{"an unknown hash is computed", LUKS1_HASH, 10, "whirlpool", SLOTS,
		"hash \"whirlpool\" is not supported"},
	{"a control character reaches the terminal", LUKS1_HASH, 5, "\033[2J", SLOTS, "hash \"?[2j\""},
	{"a key of no bytes is accepted", LUKS1_KEY_BYTES, 4, "\0\0\0\0", REFUSED, "a key of 0 bytes"},
	{"a key of 65 bytes is accepted", LUKS1_KEY_BYTES, 4, "\0\0\0\x41", REFUSED, "a key of 65 bytes"},
	{"a key of 2^32 - 1 bytes is accepted", LUKS1_KEY_BYTES, 4, "\xff\xff\xff\xff", REFUSED,
		"a key of 4294967295 bytes"},
	{"a key of 16 bytes is used with aes-xts", LUKS1_KEY_BYTES, 4, "\0\0\0\x10", REFUSED,
		"a key of 16 bytes does not fit aes-xts-plain64"},
	{"a key of 32 bytes is refused", LUKS1_KEY_BYTES, 4, "\0\0\0\x20", FINE, ""},
	{"a digest of no iterations is accepted", LUKS1_ITERATIONS, 4, "\0\0\0\0", REFUSED,
		"the digest has 0 iterations"},
	{"a UUID without an end is accepted", LUKS1_UUID + 36, 1, "x", REFUSED, "UUID"},
	{"a UUID with a slash is accepted", LUKS1_UUID, 1, "/", REFUSED, "UUID"},
	{"an empty UUID is accepted", LUKS1_UUID, 1, "", REFUSED, "UUID"},
	{"a keyslot neither active nor inactive is accepted", SLOT_0, 4, "\0\0\0\0", ONE_SLOT,
		"is marked neither"},
	{"an inactive keyslot with a wrong mark is accepted", SLOT_7, 4, "\0\0\xde\xae", ONE_SLOT,
		"is marked neither"},
	{"an active keyslot of no iterations is tried", SLOT_2 + 4, 4, "\0\0\0\0", ONE_SLOT,
		"has 0 iterations"},
	{"stripes 3999 are accepted", SLOT_0 + 44, 4, "\0\0\x0f\x9f", REFUSED, "keyslot 0: 3999 stripes"},
	{"stripes 0 are accepted", SLOT_0 + 44, 4, "\0\0\0\0", REFUSED, "keyslot 0: 0 stripes"},
	{"an area over the header is accepted", SLOT_0 + 40, 4, "\0\0\0\0", REFUSED, "keyslot 0: area at 0"},
	{"an area in the header's second sector is accepted", SLOT_0 + 40, 4, "\0\0\0\1", REFUSED,
		"keyslot 0: area at 512"},
	{"an area over the data is accepted", SLOT_7 + 40, 4, "\0\0\x0e\x0d", REFUSED,
		"keyslot 7: area at 1841664"},
	{"an area behind the data is accepted", SLOT_0 + 40, 4, "\0\x01\0\0", REFUSED,
		"keyslot 0: area at 33554432"},
	{"an area at 2^32 - 1 sectors wraps round", SLOT_0 + 40, 4, "\xff\xff\xff\xff", REFUSED,
		"keyslot 0: area at 2199023255040"},
	{"areas that overlap are accepted", SLOT_2 + 40, 4, "\0\0\0\x09", REFUSED,
		"keyslots 0 and 2: areas overlap"},
	{"the area of an inactive keyslot over one in use is accepted", SLOT_1 + 40, 4, "\0\0\0\x08", REFUSED,
		"keyslots 0 and 1: areas overlap"},
	{"a detached header is refused", LUKS1_PAYLOAD, 4, "\0\0\0\0", FINE, ""},
	{"data over the keyslots are mapped", LUKS1_PAYLOAD, 4, "\0\0\0\x10", REFUSED,
		"is not between header and data"},
};

static void one_slot_is_damaged(const struct luks *luks, const struct field *f)
{
	unsigned spoilt = (f->off - LUKS1_SLOTS) / 48;

	assert_true(luks->keyslot_count >= 2);
	for (unsigned i = 0; i < luks->keyslot_count; i++) {
		const struct luks_keyslot *slot = &luks->keyslots[i];

		assert_int_equal(slot->verdict.cause, slot->id == spoilt ? CAUSE_DAMAGED : CAUSE_OK);
		assert_non_null(strstr(slot->verdict.why, slot->id == spoilt ? f->piece : ""));
	}
	assert_non_null(luks_find_keyslot(luks, spoilt));
}

static void field_is_judged(void **state)
{
	const struct field *f = *state;
	uint8_t *image = calloc(1, DEVICE_BYTES);
	struct outcome o;

	assert_non_null(image);
	image_put_luks1(image);
	memcpy(image + f->off, f->bytes, f->len);
	o = load(image, DEVICE_BYTES);
	free(image);
	if (f->where == REFUSED) {
		assert_int_equal(o.cause, CAUSE_DAMAGED);
		if (!strstr(o.err.text, f->piece))
			fail_msg("\"%s\" does not say \"%s\"", o.err.text, f->piece);
		assert_non_null(strstr(o.err.text, "img: the LUKS1 header is damaged: "));
		assert_true(o.report.primary.present && !o.report.primary.sound);
		return;
	}
	assert_int_equal(o.cause, CAUSE_OK);
	if (f->where == ONE_SLOT) {
		one_slot_is_damaged(&o.luks, f);
		return;
	}
	assert_int_equal(o.luks.keyslot_count, 2);
	assert_int_equal(o.luks.segments[0].verdict.cause,
		f->where == SEGMENT_AND_SLOTS ? CAUSE_UNSUPPORTED : CAUSE_OK);
	for (unsigned i = 0; i < 2; i++) {
		const struct luks_verdict *v = &o.luks.keyslots[i].verdict;

		assert_int_equal(v->cause, f->where == FINE ? CAUSE_OK : CAUSE_UNSUPPORTED);
		if (!strstr(v->why, f->piece))
			fail_msg("\"%s\" does not say \"%s\"", v->why, f->piece);
	}
}

static void a_value_reaches_the_wrong_field(void **state)
{
	uint8_t *image = calloc(1, DEVICE_BYTES);
	const struct luks_keyslot *slot;
	struct outcome o;

	(void)state;
	assert_non_null(image);
	image_put_luks1(image);
	o = load(image, DEVICE_BYTES);
	free(image);
	assert_int_equal(o.cause, CAUSE_OK);
	assert_string_equal(o.report.note, "");
	assert_true(o.report.primary.sound && !o.report.secondary.present && !o.report.used_secondary);
	assert_int_equal(o.luks.version, 1);
	assert_string_equal(o.luks.uuid, IMAGE_UUID_TEXT);
	assert_true(o.luks.segments[0].off == 4096 * 512 && o.luks.segments[0].size_bytes == 0);
	assert_int_equal(o.luks.segments[0].sector_bytes, 512);
	assert_int_equal(o.luks.segments[0].cipher, CIPHER_AES_XTS_PLAIN64);
	assert_int_equal(o.luks.digests[0].value_bytes, 20);
	assert_int_equal(o.luks.digests[0].value[19], 0xd1);
	assert_int_equal(o.luks.digests[0].salt[31], 0x5a);
	assert_int_equal(o.luks.digests[0].iterations, 1000);
	slot = luks_find_keyslot(&o.luks, 2);
	assert_non_null(slot);
	assert_true(slot->key_bytes == 64 && slot->area_key_bytes == 64 && slot->digest == 0);
	assert_true(slot->kdf.kind == KDF_PBKDF2 && slot->kdf.iterations == 2002 &&
		    slot->kdf.hash == HASH_SHA256);
	assert_true(slot->kdf.salt_bytes == 32 && slot->kdf.salt[0] == 0x12 && slot->kdf.salt[31] == 0x12);
	assert_true(slot->area_off == 1016 * 512 && slot->area_size_bytes == 256000);
	assert_null(luks_find_keyslot(&o.luks, 1));
}

/* What was LUKS2 and is LUKS1 now: the old second copy is not to be opened. */
static void a_left_over_LUKS2_copy_is_used(void **state)
{
	uint8_t *image = image_new(IMAGE_HDR_MIN, 7, 7);
	struct outcome o;

	(void)state;
	image_put_luks1(image);
	o = load(image, 2 * IMAGE_HDR_MIN);
	assert_int_equal(o.cause, CAUSE_OK);
	assert_int_equal(o.luks.version, 1);
	free(image);
}

/* One flipped bit in the version of LUKS2 says 1: the second copy knows better. */
static void a_flipped_version_of_LUKS2_is_called_LUKS1(void **state)
{
	uint8_t *image = image_new(IMAGE_HDR_MIN, 7, 7);
	struct outcome o;

	(void)state;
	image_put_number(image + IMAGE_VERSION, 2, 1);
	o = load(image, 2 * IMAGE_HDR_MIN);
	assert_int_equal(o.cause, CAUSE_OK);
	assert_int_equal(o.luks.version, 2);
	assert_true(o.report.used_secondary);
	free(image);
}

int main(void)
{
	for (size_t i = 0; i < COUNT(fields); i++)
		row(fields[i].name, field_is_judged, &fields[i]);
	ROW(a_value_reaches_the_wrong_field);
	ROW(a_left_over_LUKS2_copy_is_used);
	ROW(a_flipped_version_of_LUKS2_is_called_LUKS1);
	return rows_run("header_luks1");
}
