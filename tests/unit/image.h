/* SPDX-License-Identifier: MIT */
/*
 * image - a LUKS volume in memory: the model, and keyslot areas that really hold the volume key.
 *
 * Areas are split and encrypted by reference.h, so that opening one runs everything of ours the other way
 * round.
 */
#ifndef UNIT_IMAGE_H
#define UNIT_IMAGE_H

#include "reference.h"
#include "base/reader.h"
#include "crypto/kdf.h"
#include "format/luks.h"

enum { IMAGE_AREAS_OFF = 32768, IMAGE_AREA_BYTES = 258048, IMAGE_AREAS = 6 };
enum { IMAGE_BYTES = IMAGE_AREAS_OFF + IMAGE_AREAS * IMAGE_AREA_BYTES };

struct image {
	struct luks luks;
	unsigned areas;
	uint8_t volume_key[64];
	uint8_t other_key[64]; /* proved by digest 1, which covers no segment */
	uint8_t bytes[IMAGE_BYTES];
};

/* What a new keyslot is; zeroes give PBKDF2 with SHA-256, and keys and areas of 32 bytes. */
struct image_keyslot {
	unsigned id;
	enum luks_priority priority;
	const char *passphrase;
	struct kdf kdf; /* iterations 0: 2 */
	enum hash af_hash;
	uint32_t key_bytes, area_key_bytes;
	int digest; /* index; -1: none */
};

static inline void image_digest(struct image *img, unsigned id, const uint8_t *key, uint32_t key_bytes,
	bool covers)
{
	struct luks_digest *d = &img->luks.digests[img->luks.digest_count++];

	*d = (struct luks_digest){.id = id,
		.hash = HASH_SHA256,
		.iterations = 2,
		.value_bytes = 32,
		.covers_segment = covers,
		.covers_data = covers};
	unit_fill(500 + id, d->salt, sizeof(d->salt));
	hash_pbkdf2(&(struct pbkdf2){d->hash, {key, key_bytes}, {d->salt, sizeof(d->salt)}, d->iterations},
		d->value, d->value_bytes);
}

/* Two digests: index 0, called 3, of the volume key; index 1, called 5, of another. */
static inline void image_start(struct image *img, uint32_t key_bytes)
{
	memset(img, 0, sizeof(*img));
	img->luks.version = 2;
	unit_fill(400, img->volume_key, sizeof(img->volume_key));
	unit_fill(401, img->other_key, sizeof(img->other_key));
	unit_fill(402, img->bytes, sizeof(img->bytes));
	image_digest(img, 3, img->volume_key, key_bytes, true);
	image_digest(img, 5, img->other_key, key_bytes, false);
}

static inline struct luks_keyslot image_model(const struct image *img, const struct image_keyslot *want)
{
	struct luks_keyslot slot = {
		.id = want->id,
		.priority = want->priority,
		.key_bytes = want->key_bytes ? want->key_bytes : 32,
		.kdf = want->kdf,
		.af_hash = want->af_hash,
		.area_cipher = CIPHER_AES_XTS_PLAIN64,
		.area_key_bytes = want->area_key_bytes ? want->area_key_bytes : 32,
		.area_off = IMAGE_AREAS_OFF + img->areas * (uint64_t)IMAGE_AREA_BYTES,
		.area_size_bytes = IMAGE_AREA_BYTES,
		.digest = want->digest,
	};

	if (!slot.kdf.iterations) {
		slot.kdf.iterations = 2;
		slot.kdf.hash = HASH_SHA256;
	}
	slot.kdf.salt_bytes = 32;
	unit_fill(600 + want->id, slot.kdf.salt, 32);
	return slot;
}

/* Split, encrypt, store: what luksAddKey does. */
static inline void image_fill_area(struct image *img, const struct luks_keyslot *slot, const char *passphrase)
{
	const uint8_t *key = slot->digest == 1 ? img->other_key : img->volume_key;
	uint8_t *area = img->bytes + slot->area_off, area_key[64];
	struct error err;

	if (kdf_derive(&slot->kdf, (struct bytes){passphrase, strlen(passphrase)}, area_key,
		    slot->area_key_bytes, &err))
		fail_msg("%s", err.text);
	reference_af_split(slot->af_hash, key, slot->key_bytes, 700 + slot->id, area);
	reference_xts_encrypt(area_key, slot->area_key_bytes, area, (slot->key_bytes * 4000 + 511) / 512);
}

/* The keyslot is the last one in the text; the pointer is good until the image starts again. */
static inline struct luks_keyslot *image_add(struct image *img, const struct image_keyslot *want)
{
	struct luks_keyslot *slot = &img->luks.keyslots[img->luks.keyslot_count++];

	*slot = image_model(img, want);
	if (img->areas >= IMAGE_AREAS)
		fail_msg("no room for another area");
	image_fill_area(img, slot, want->passphrase);
	img->areas++;
	return slot;
}

/* --- reading it ------------------------------------------------------------------------------ */

/* A device over the image that counts and can fail. */
struct image_device {
	const struct image *img;
	unsigned reads;
	unsigned fail_from, fail_to; /* the reads with these numbers fail, from 1 */
	uint64_t offs[64];
	size_t lens[64];
};

static inline enum cause image_read_at(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	struct image_device *d = ctx;

	if (d->reads < COUNT(d->offs)) {
		d->offs[d->reads] = off;
		d->lens[d->reads] = len;
	}
	d->reads++;
	if (d->reads >= d->fail_from && d->reads <= d->fail_to) {
		memset(buf, 0xee, len / 2); /* a read may fail half way */
		return error_set_os(err, CAUSE_DEVICE, 5, "image: cannot be read at byte %llu",
			(unsigned long long)off);
	}
	memcpy(buf, d->img->bytes + off, len);
	return CAUSE_OK;
}

static inline struct reader image_reader(struct image_device *d)
{
	return (struct reader){image_read_at, d, IMAGE_BYTES, "image"};
}

#endif
