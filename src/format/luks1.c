/* SPDX-License-Identifier: MIT */
/* luks1 - see luks1.h. */
#include "format/luks1.h"
#include "base/bytes.h"
#include "base/text.h"
#include "format/luks2_binary.h"
#include "format/verdict.h"
#include <string.h>

/* Figure 1: each field begins where the one before it ends. */
enum {
	VERSION_OFF = 6,
	CIPHER_NAME_OFF = VERSION_OFF + 2,
	CIPHER_MODE_OFF = CIPHER_NAME_OFF + 32,
	HASH_SPEC_OFF = CIPHER_MODE_OFF + 32,
	PAYLOAD_OFF = HASH_SPEC_OFF + 32,
	KEY_BYTES_OFF = PAYLOAD_OFF + 4,
	MK_DIGEST_OFF = KEY_BYTES_OFF + 4,
	MK_SALT_OFF = MK_DIGEST_OFF + 20,
	MK_ITERATIONS_OFF = MK_SALT_OFF + 32,
	UUID_OFF = MK_ITERATIONS_OFF + 4,
	KEYSLOTS_OFF = UUID_OFF + 40,
	/* Figure 2, inside a keyslot. */
	SLOT_ACTIVE_OFF = 0,
	SLOT_ITERATIONS_OFF = 4,
	SLOT_SALT_OFF = 8,
	SLOT_AREA_OFF = 40,
	SLOT_STRIPES_OFF = 44,
	SLOT_BYTES = 48,
	NAME_BYTES = 32,
};
_Static_assert(KEYSLOTS_OFF + LUKS1_KEYSLOTS * SLOT_BYTES == LUKS1_HEADER_BYTES,
	"eight keyslots end the header");

enum { SLOT_ACTIVE = 0x00ac71f3, SLOT_INACTIVE = 0x0000dead };

/* A name field: NUL-terminated, here in lower case, as some old volumes write SHA1. */
static enum cause read_name(const uint8_t *field, const char *what, char out[static NAME_BYTES],
	struct error *err)
{
	if (!memchr(field, 0, NAME_BYTES) || !field[0])
		return error_set(err, CAUSE_DAMAGED, "%s is empty or not terminated", what);
	for (int i = 0; i < NAME_BYTES; i++)
		out[i] = (char)(field[i] >= 'A' && field[i] <= 'Z' ? field[i] + 'a' - 'A' : field[i]);
	return CAUSE_OK;
}

static enum cause read_cipher(const uint8_t *data, struct luks_segment *seg, uint32_t key_bytes,
	struct error *err)
{
	char name[NAME_BYTES], mode[NAME_BYTES], both[2 * NAME_BYTES];
	enum cause cause = read_name(data + CIPHER_NAME_OFF, "cipher name", name, err);

	if (!cause)
		cause = read_name(data + CIPHER_MODE_OFF, "cipher mode", mode, err);
	if (cause)
		return cause;
	text_format(both, sizeof(both), "%s-%s", name, mode);
	verdict_cipher(&seg->verdict, both, "", &seg->cipher);
	if (!seg->verdict.cause && !cipher_key_fits(seg->cipher, key_bytes))
		return error_set(err, CAUSE_DAMAGED, "a key of %u bytes does not fit %s", key_bytes, both);
	return CAUSE_OK;
}

static enum cause read_uuid(const uint8_t *field, struct luks *luks, struct error *err)
{
	if (!luks_uuid_is_valid((const char *)field))
		return error_set(err, CAUSE_DAMAGED, "the UUID field does not hold a UUID");
	memcpy(luks->uuid, field, LUKS_UUID_CHARS);
	return CAUSE_OK;
}

static enum cause read_digest(const uint8_t *data, const char *hash, struct luks_digest *digest,
	struct error *err)
{
	verdict_hash(&digest->verdict, hash, &digest->hash);
	digest->iterations = bytes_be32(data + MK_ITERATIONS_OFF);
	if (!digest->iterations)
		return error_set(err, CAUSE_DAMAGED, "the digest has 0 iterations");
	memcpy(digest->salt, data + MK_SALT_OFF, sizeof(digest->salt));
	memcpy(digest->value, data + MK_DIGEST_OFF, 20);
	digest->value_bytes = 20;
	digest->covers_segment = digest->covers_data = true;
	return CAUSE_OK;
}

/*
 * The area of @slot is after the header, before the data unless that is elsewhere, and overlaps no area of
 * the keyslots before it in @all.
 */
static enum cause check_area(const struct luks *luks, const struct luks_keyslot *all,
	const struct luks_keyslot *slot, struct error *err)
{
	uint64_t high = luks->segments[0].off ? luks->segments[0].off : UINT64_MAX;

	if (!bytes_inside(slot->area_off, slot->area_size_bytes, LUKS1_HEADER_BYTES, high))
		return error_set(err, CAUSE_DAMAGED,
			"keyslot %u: area at %llu, %llu bytes, is not between header and data", slot->id,
			(unsigned long long)slot->area_off, (unsigned long long)slot->area_size_bytes);
	for (const struct luks_keyslot *other = all; other < slot; other++)
		if (bytes_overlap(slot->area_off, slot->area_size_bytes, other->area_off,
			    other->area_size_bytes))
			return error_set(err, CAUSE_DAMAGED, "keyslots %u and %u: areas overlap", other->id,
				slot->id);
	return CAUSE_OK;
}

static enum cause read_slot(const uint8_t *p, const struct luks *luks, struct luks_keyslot *slot,
	struct error *err)
{
	const struct luks_digest *digest = &luks->digests[0];

	slot->priority = LUKS_PRIORITY_NORMAL;
	slot->key_bytes = slot->area_key_bytes = luks->segment_key_bytes;
	slot->area_off = (uint64_t)bytes_be32(p + SLOT_AREA_OFF) * 512;
	slot->area_size_bytes = luks_area_used_bytes(slot);
	slot->area_cipher = luks->segments[0].cipher;
	slot->af_hash = digest->hash;
	slot->kdf.kind = KDF_PBKDF2;
	slot->kdf.hash = digest->hash;
	slot->kdf.iterations = bytes_be32(p + SLOT_ITERATIONS_OFF);
	slot->kdf.salt_bytes = LUKS_SALT_BYTES;
	memcpy(slot->kdf.salt, p + SLOT_SALT_OFF, LUKS_SALT_BYTES);
	slot->verdict = luks->segments[0].verdict.cause ? luks->segments[0].verdict : digest->verdict;
	if (bytes_be32(p + SLOT_STRIPES_OFF) != LUKS_STRIPES)
		return error_set(err, CAUSE_DAMAGED, "keyslot %u: %u stripes instead of %u", slot->id,
			bytes_be32(p + SLOT_STRIPES_OFF), LUKS_STRIPES);
	return CAUSE_OK;
}

/* A keyslot that is active, or damaged: that makes it unusable, and must not hide another. */
static void keep_slot(uint32_t active, struct luks_keyslot *slot, struct luks *luks)
{
	bool marked = active == SLOT_ACTIVE;

	if (!marked || !slot->kdf.iterations) {
		slot->verdict.cause = CAUSE_OK;
		verdict_set(&slot->verdict, CAUSE_DAMAGED, "%s",
			marked ? "has 0 iterations" : "is marked neither active nor inactive");
	}
	luks->keyslots[luks->keyslot_count++] = *slot;
}

static enum cause read_slots(const uint8_t *data, struct luks *luks, struct error *err)
{
	struct luks_keyslot all[LUKS1_KEYSLOTS] = {0};

	for (unsigned id = 0; id < LUKS1_KEYSLOTS; id++) {
		const uint8_t *p = data + KEYSLOTS_OFF + id * SLOT_BYTES;
		uint32_t active = bytes_be32(p + SLOT_ACTIVE_OFF);
		enum cause cause;
		uint64_t bytes;

		all[id].id = id;
		/* Inactive ones have an area too, which the next passphrase would go to. */
		cause = read_slot(p, luks, &all[id], err);
		if (!cause)
			cause = check_area(luks, all, &all[id], err);
		if (cause)
			return cause;
		bytes = all[id].area_off + all[id].area_size_bytes - LUKS1_HEADER_BYTES;
		if (bytes > luks->keyslots_size_bytes)
			luks->keyslots_size_bytes = bytes;
		if (active != SLOT_INACTIVE)
			keep_slot(active, &all[id], luks);
	}
	return CAUSE_OK;
}

enum cause luks1_read(const uint8_t data[static LUKS1_HEADER_BYTES], struct luks *luks, struct error *err)
{
	char hash[NAME_BYTES];
	unsigned version;
	enum cause cause;

	memset(luks, 0, sizeof(*luks));
	if (luks_magic(data, &version) != LUKS_MAGIC_PRIMARY || version != 1)
		return error_set(err, CAUSE_DAMAGED, "no LUKS1 magic");
	luks->version = 1;
	luks->hdr_size_bytes = LUKS1_HEADER_BYTES;
	luks->digest_count = luks->segment_count = 1;
	luks->segments[0].off = (uint64_t)bytes_be32(data + PAYLOAD_OFF) * 512;
	luks->segments[0].sector_bytes = 512;
	luks->regular_count = 1;
	luks->segment_key_bytes = bytes_be32(data + KEY_BYTES_OFF);
	if (!luks->segment_key_bytes || luks->segment_key_bytes > CIPHER_KEY_MAX_BYTES)
		return error_set(err, CAUSE_DAMAGED, "a key of %u bytes", luks->segment_key_bytes);
	cause = read_uuid(data + UUID_OFF, luks, err);
	if (!cause)
		cause = read_name(data + HASH_SPEC_OFF, "hash name", hash, err);
	if (!cause)
		cause = read_cipher(data, &luks->segments[0], luks->segment_key_bytes, err);
	if (!cause)
		cause = read_digest(data, hash, &luks->digests[0], err);
	if (!cause)
		cause = read_slots(data, luks, err);
	return cause;
}
