/* SPDX-License-Identifier: MIT */
/*
 * other_hash - BLAKE2b (RFC 7693) and SHA-3 (FIPS 202), which are not built as the SHA-2 family is, and what
 * they share with it: a hash in progress.
 *
 * BLAKE2b is phc-winner-argon2's.
 */
#ifndef CRYPTO_OTHER_HASH_H
#define CRYPTO_OTHER_HASH_H

#include "crypto/hash.h"
#include <argon2/src/blake2/blake2.h>

/* What is known of a hash. */
struct hash_info {
	const char *name;
	const struct hash_construction *how;
	uint8_t core, digest_bytes, block_bytes;
	uint8_t word_bytes; /* of the state; 1: it begins with the digest as it is */
	bool whole;         /* is the state the whole digest? Then the core has a loop for it. */
};

union hash_state {
	uint32_t w32[8];
	uint64_t w64[8];
};

/* A hash in progress. */
struct hash_run {
	const struct hash_info *info;
	const struct hash_core *core;
	union hash_state state;
	uint64_t bytes; /* of the message so far */
	union {
		uint8_t block[128];
		uint64_t sponge[25]; /* SHA-3; its bytes are little-endian */
		blake2b_state blake2b;
	};
};

/* How it is computed. */
struct hash_construction {
	void (*begin)(struct hash_run *r, enum hash h);
	void (*add)(struct hash_run *r, const void *data, size_t len);
	void (*end)(struct hash_run *r); /* leaves the digest in r->state */
};
extern const struct hash_construction other_hash_blake2b, other_hash_sha3;

/* Keccak-f[1600] (FIPS 202, 3.2 and 3.3); lane (x, y) is word x + 5 * y. */
void sha3_permute(uint64_t a[static 25]);

#endif
