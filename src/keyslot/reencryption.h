/* SPDX-License-Identifier: MIT */
/*
 * reencryption - is the description of a re-encryption what cryptsetup wrote? (specification 4.9.2)
 *
 * A digest over the volume keys, the words of the reencrypt keyslot and the backup segments. The regular
 * segments are not in it: luks2_layout.c binds them to those that are.
 */
#ifndef KEYSLOT_REENCRYPTION_H
#define KEYSLOT_REENCRYPTION_H

#include "keyslot/keyslot.h"

/* The keys of a volume: one, or two in the middle of a re-encryption. */
struct volume_keys {
	struct volume_key key[2];
	unsigned count;
};

/* The key that the digest with the index @digest proved, or NULL. */
const struct volume_key *reencryption_key_of(const struct luks *luks, const struct volume_keys *keys,
	int digest);

/*
 * The digests whose keys the data needs, as bits of their indexes; 0: not known, one of any will do. Two are
 * set in the middle of a re-encryption that changes the key.
 */
uint32_t reencryption_digests(const struct luks *luks);

/*
 * Verify the description with all keys that it needs. Nothing is done for a volume without a re-encryption.
 * Fails: CAUSE_DAMAGED (it was changed), CAUSE_UNSUPPORTED (too many iterations), CAUSE_RESOURCE.
 */
enum cause reencryption_verify(const struct luks *luks, const struct volume_keys *keys,
	struct error *err) MUST_USE;

#endif
