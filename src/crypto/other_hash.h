/* SPDX-License-Identifier: MIT */
/*
 * other_hash - BLAKE2b-512 (RFC 7693) and SHA-3 (FIPS 202), which are not built as the SHA-2 family is.
 *
 * BLAKE2b is phc-winner-argon2's.
 */
#ifndef CRYPTO_OTHER_HASH_H
#define CRYPTO_OTHER_HASH_H

#include <argon2/src/blake2/blake2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct other_hash {
	bool is_blake2b;
	uint8_t digest_bytes, block_bytes, used;
	union {
		blake2b_state blake2b;
		uint64_t sponge[25];
	};
};

/* Keccak-f[1600] (FIPS 202, 3.2 and 3.3); lane (x, y) is word x + 5 * y. */
void sha3_permute(uint64_t a[static 25]);

/* @block_bytes 128: BLAKE2b; any other: the rate of SHA-3. */
void other_hash_begin(struct other_hash *h, uint8_t digest_bytes, uint8_t block_bytes);
void other_hash_add(struct other_hash *h, const void *data, size_t len);
/* @h is of no use afterwards; the caller wipes it. */
void other_hash_end(struct other_hash *h, uint8_t *out);

#endif
