/* SPDX-License-Identifier: MIT */
/* keyslot - see keyslot.h. */
#include "keyslot/keyslot.h"
#include "crypto/kdf.h"
#include "keyslot/af.h"
#include "keyslot/digest.h"
#include "secret/arena.h"
#include "secret/wipe.h"
#include <string.h>

enum cause keyslot_check(const struct keyslot_source *src, const struct luks_keyslot *slot, struct error *err)
{
	const struct luks_digest *digest = &src->luks->digests[slot->digest];
	const struct luks_verdict *v = slot->verdict.cause ? &slot->verdict : &digest->verdict;
	enum cause cause;

	if (v->cause)
		return error_set(err, v->cause, "keyslot %u %s", slot->id, v->why);
	cause = digest_check(digest, err);
	if (cause) {
		error_prefix(err, "keyslot %u", slot->id);
		return cause;
	}
	if (!cipher_is_native(slot->area_cipher) && !src->foreign)
		return error_set(err, CAUSE_UNSUPPORTED, "keyslot %u: an area in %s needs the kernel",
			slot->id, cipher_name(slot->area_cipher));
	cause = kdf_check(&slot->kdf, &src->limits, err);
	if (cause)
		error_prefix(err, "keyslot %u", slot->id);
	return cause;
}

/* The secret buffers of one try, all in the arena. */
struct buffers {
	uint8_t *area;
	uint8_t area_key[CIPHER_KEY_MAX_BYTES];
	uint8_t candidate[LUKS_KEY_MAX_BYTES];
};

/* The area, decrypted by our own code or by the kernel. Read first: an unreadable area is known at once. */
static enum cause split_key(const struct keyslot_source *src, const struct luks_keyslot *slot,
	const struct keyslot_secret *secret, struct buffers *a, size_t area_bytes, struct error *err)
{
	enum cause cause = reader_read(src->header, a->area, area_bytes, slot->area_off, err);

	if (!cause && secret->area_key)
		memcpy(a->area_key, secret->area_key, slot->area_key_bytes);
	else if (!cause)
		cause = kdf_derive(&slot->kdf, secret->bytes, a->area_key, slot->area_key_bytes, err);
	if (cause)
		return cause;
	if (!cipher_is_native(slot->area_cipher))
		return src->foreign->decrypt(src->foreign->ctx,
			&(struct area_crypt){slot->area_cipher, {a->area_key, slot->area_key_bytes},
				slot->area_off, a->area, area_bytes},
			err);
	cipher_decrypt(slot->area_cipher, a->area_key, slot->area_key_bytes, a->area,
		area_bytes / CIPHER_SECTOR_BYTES);
	return CAUSE_OK;
}

static enum cause compute(const struct keyslot_source *src, const struct luks_keyslot *slot,
	const struct keyslot_secret *secret, struct buffers *a, struct error *err)
{
	size_t area_bytes = (size_t)luks_area_used_bytes(slot);
	enum cause cause = arena_get(&a->area, area_bytes, err);

	if (!cause)
		cause = split_key(src, slot, secret, a, area_bytes, err);
	if (!cause)
		af_merge(slot->af_hash, a->area, slot->key_bytes, a->candidate);
	return cause;
}

enum cause keyslot_open(const struct keyslot_source *src, const struct luks_keyslot *slot,
	const struct keyslot_secret *secret, struct volume_key *out, struct error *err)
{
	const struct luks_digest *digest = &src->luks->digests[slot->digest];
	size_t before = arena_mark(), mark;
	struct buffers *a;
	uint8_t *key;
	enum cause cause = arena_get(&key, slot->key_bytes, err);

	mark = arena_mark();
	if (!cause)
		cause = arena_get(&a, sizeof(*a), err);
	if (!cause)
		cause = compute(src, slot, secret, a, err);
	if (!cause && !digest_matches(digest, (struct bytes){a->candidate, slot->key_bytes}))
		cause = error_set(err, CAUSE_PASSPHRASE, "its digest does not match");
	if (!cause) {
		memcpy(key, a->candidate, slot->key_bytes);
		*out = (struct volume_key){key, slot->key_bytes, slot->id, digest->id};
	} else {
		error_prefix(err, "keyslot %u", slot->id);
	}
	arena_release(cause ? before : mark);
	wipe_stack();
	return cause;
}
