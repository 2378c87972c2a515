/* SPDX-License-Identifier: MIT */
/*
 * keyslot - one secret and one keyslot to a volume key, or the reason why not.
 *
 *     secret --kdf--> area key --decrypt--> split key --af--> candidate --digest--> volume key
 */
#ifndef KEYSLOT_KEYSLOT_H
#define KEYSLOT_KEYSLOT_H

#include "base/bytes.h"
#include "base/reader.h"
#include "crypto/kdf_limits.h"
#include "format/luks.h"

/* A volume key in the arena; it lives until the mark below it is released. */
struct volume_key {
	uint8_t *data;
	uint32_t len;
	unsigned keyslot;   /* that held it */
	unsigned digest_id; /* that proved it */
};

/* One decryption of an area; @key and @out are secret. */
struct area_crypt {
	enum cipher cipher;
	struct bytes key;
	uint64_t off; /* of the area on the header device, in bytes */
	uint8_t *out;
	size_t bytes; /* whole sectors of 512 */
};

/*
 * Decrypts areas in ciphers that are not our own: through the kernel, see unlock/area_kernel.h.
 * This folder knows only the interface.
 */
struct foreign_cipher {
	/* Fails: CAUSE_KERNEL and what its functions fail with. */
	enum cause (*decrypt)(void *ctx, const struct area_crypt *a, struct error *err);
	void *ctx;
};

/* What a try needs in addition to the slot and the secret. */
struct keyslot_source {
	const struct reader *header; /* the device that the areas are on */
	const struct luks *luks;
	struct kdf_limits limits;
	const struct foreign_cipher *foreign; /* NULL: none */
};

/* What opens a keyslot: a passphrase or key, or what the KDF has derived from it. */
struct keyslot_secret {
	struct bytes bytes;
	const uint8_t *area_key; /* NULL: not derived yet */
};

/*
 * Could @slot be tried on this machine? Nothing is allocated in the arena; with a limit of
 * time a piece of the derivation is run, to see how long all of it would take (kdf_check).
 * Fails: CAUSE_UNSUPPORTED, CAUSE_DAMAGED, CAUSE_RESOURCE, with a sentence that begins with the keyslot.
 */
enum cause keyslot_check(const struct keyslot_source *src, const struct luks_keyslot *slot,
	struct error *err) MUST_USE;

/*
 * Try @secret on @slot, which keyslot_check let through.
 * On success @out->data is allocated from the arena; everything else that was secret is wiped.
 * Fails: CAUSE_PASSPHRASE (computed to the end, the digest disagrees), CAUSE_DEVICE (the
 * area cannot be read), CAUSE_RESOURCE, CAUSE_KERNEL (a foreign cipher).
 */
enum cause keyslot_open(const struct keyslot_source *src, const struct luks_keyslot *slot,
	const struct keyslot_secret *secret, struct volume_key *out, struct error *err) MUST_USE;

#endif
