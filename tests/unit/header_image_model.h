/* SPDX-License-Identifier: MIT */
/*
 * header_image_model - what is true of every model that a header was accepted for,
 * whatever the header said. Everything behind the parser relies on it.
 */
#ifndef TESTS_HEADER_IMAGE_MODEL_H
#define TESTS_HEADER_IMAGE_MODEL_H

#include "format/luks.h"
#include <string.h>

static inline const char *verdict_fault(const struct luks_verdict *v)
{
	if (v->cause != CAUSE_OK && v->cause != CAUSE_DAMAGED && v->cause != CAUSE_UNSUPPORTED)
		return "a verdict of a strange cause";
	if (!memchr(v->why, 0, sizeof(v->why)))
		return "a reason without an end";
	if (v->cause && !v->why[0]) /* a reason alone is a notice (luks.h) */
		return "a verdict without a reason";
	for (const char *p = v->why; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return "a control character in a reason";
	return NULL;
}

static inline const char *kdf_fault(const struct kdf *kdf)
{
	if (!kdf->iterations)
		return "a KDF without work";
	if (kdf->salt_bytes != LUKS_SALT_BYTES)
		return "a salt that is not 32 bytes long";
	switch (kdf->kind) {
	case KDF_PBKDF2:
		return (unsigned)kdf->hash < HASH_COUNT ? NULL : "PBKDF2 with an unknown hash";
	case KDF_ARGON2I:
	case KDF_ARGON2ID:
		if (!kdf->lanes || kdf->lanes > 0xffffff)
			return "Argon2 lanes out of range";
		return (uint64_t)kdf->lanes * 8 <= kdf->memory_kib ? NULL : "Argon2 with too little memory";
	}
	return "an unknown KDF";
}

static inline const char *area_fault(const struct luks *luks, const struct luks_keyslot *slot)
{
	uint64_t copies = luks->version == 1 ? 1 : 2;
	uint64_t low = copies * luks->hdr_size_bytes, size = luks->keyslots_size_bytes;

	/* low and size are small here: no overflow */
	if (slot->area_off < low || slot->area_off - low > size ||
		slot->area_size_bytes > size - (slot->area_off - low) || !slot->area_size_bytes)
		return "an area outside the keyslots area";
	for (unsigned i = 0; i < luks->keyslot_count; i++) {
		const struct luks_keyslot *other = &luks->keyslots[i];

		if (other != slot && slot->area_off < other->area_off + other->area_size_bytes &&
			other->area_off < slot->area_off + slot->area_size_bytes)
			return "areas that overlap";
	}
	return NULL;
}

/* Of a keyslot that may be tried. */
static inline const char *usable_keyslot_fault(const struct luks *luks, const struct luks_keyslot *slot)
{
	if (!slot->key_bytes || slot->key_bytes > LUKS_KEY_MAX_BYTES)
		return "a key length out of range";
	if (slot->area_size_bytes < (uint64_t)slot->key_bytes * 4000)
		return "an area too short for its key";
	if ((unsigned)slot->area_cipher >= CIPHER_WITH_INTEGRITY ||
		!cipher_key_fits(slot->area_cipher, slot->area_key_bytes))
		return "an area cipher that cannot be used";
	if ((unsigned)slot->af_hash >= HASH_COUNT)
		return "an unknown AF hash";
	if (luks->digests[slot->digest].covers_segment && !luks->segments[0].verdict.cause &&
		!cipher_key_fits(luks->segments[0].cipher, slot->key_bytes))
		return "a key that does not fit the segment's cipher";
	return kdf_fault(&slot->kdf);
}

static inline const char *keyslot_fault(const struct luks *luks, unsigned at)
{
	const struct luks_keyslot *slot = &luks->keyslots[at];
	const char *fault = verdict_fault(&slot->verdict);

	if (slot->id >= LUKS_KEYSLOTS_MAX || (unsigned)slot->priority > LUKS_PRIORITY_PREFER)
		return "a keyslot number or priority out of range";
	for (unsigned i = 0; i < at; i++)
		if (luks->keyslots[i].id == slot->id)
			return "a keyslot number twice";
	if (slot->digest < 0 || (unsigned)slot->digest >= luks->digest_count)
		return "a keyslot without a digest";
	if (!fault)
		fault = area_fault(luks, slot);
	if (!fault && !slot->verdict.cause)
		fault = usable_keyslot_fault(luks, slot);
	return fault;
}

static inline const char *digest_fault(const struct luks_digest *d)
{
	const char *fault = verdict_fault(&d->verdict);

	if (fault || d->verdict.cause)
		return fault;
	if (d->id >= LUKS_DIGESTS_MAX || (unsigned)d->hash >= HASH_COUNT || !d->iterations)
		return "a digest with a value out of range";
	return d->value_bytes == 20 || d->value_bytes == hash_bytes(d->hash) ? NULL
	                                                                     : "a digest of a strange length";
}

static inline const char *segment_fault(const struct luks *luks)
{
	const struct luks_segment *seg = &luks->segments[0];
	const char *fault = verdict_fault(&seg->verdict);
	unsigned covering = 0;

	if (fault || seg->verdict.cause || !luks->regular_count)
		return fault;
	if ((unsigned)seg->cipher >= CIPHER_COUNT || strstr(cipher_name(seg->cipher), "null"))
		return "a segment with an unknown cipher";
	if (seg->sector_bytes != 512 && seg->sector_bytes != 1024 && seg->sector_bytes != 2048 &&
		seg->sector_bytes != 4096)
		return "a strange sector size";
	if (seg->off % 512 || seg->size_bytes % seg->sector_bytes || seg->off + seg->size_bytes < seg->off)
		return "a segment that does not fit its sectors, or wraps round";
	if (seg->off && luks->version == 2 && seg->off < 2 * luks->hdr_size_bytes + luks->keyslots_size_bytes)
		return "data inside the header";
	for (unsigned d = 0; d < luks->digest_count; d++)
		covering += luks->digests[d].covers_segment;
	/* In a re-encryption the two keys share the segments, and plain data belongs to none. */
	return covering == 1 || luks->reencryption ? NULL
	                                           : "a segment that belongs to no digest, or to several";
}

static inline const char *size_fault(const struct luks *luks)
{
	uint64_t h = luks->hdr_size_bytes;

	if (luks->version == 1)
		return h == 592 && luks->segment_key_bytes <= CIPHER_KEY_MAX_BYTES
		               ? NULL
		               : "a LUKS1 size out of range";
	if (luks->version != 2 || h < 0x4000 || h > 0x400000 || (h & (h - 1)))
		return "a version or header size out of range";
	if (luks->keyslots_size_bytes % 4096 || luks->keyslots_size_bytes > 128 << 20)
		return "a keyslots area out of range";
	return NULL;
}

/* NULL, or what is wrong with @luks as header_load or luks2_check let it through. */
static inline const char *model_fault(const struct luks *luks)
{
	const char *fault = size_fault(luks);

	if (!fault)
		fault = segment_fault(luks);
	if (luks->keyslot_count + luks->skipped_keyslots > LUKS_KEYSLOTS_MAX ||
		luks->digest_count > LUKS_DIGESTS_MAX || luks->token_count > LUKS_TOKENS_MAX ||
		!luks->segment_count || luks->segment_count > LUKS_SEGMENTS_MAX)
		return "a count out of range";
	if (!memchr(luks->uuid, 0, sizeof(luks->uuid)) || !memchr(luks->label, 0, sizeof(luks->label)) ||
		!memchr(luks->subsystem, 0, sizeof(luks->subsystem)))
		return "a text without an end";
	if (!fault)
		fault = verdict_fault(&luks->requirements);
	for (unsigned i = 0; !fault && i < luks->digest_count; i++)
		fault = digest_fault(&luks->digests[i]);
	for (unsigned i = 0; !fault && i < luks->keyslot_count; i++)
		fault = keyslot_fault(luks, i);
	return fault;
}

#endif
