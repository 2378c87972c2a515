/* SPDX-License-Identifier: MIT */
/* sha256_c - SHA-256 in plain C, sixteen rounds in a loop: small enough for any instruction cache. */
#include "crypto/sha_rounds.h"

SHA_INLINE uint32_t s0(uint32_t x)
{
	return sha_ror32(x, 7) ^ sha_ror32(x, 18) ^ x >> 3;
}

SHA_INLINE uint32_t s1(uint32_t x)
{
	return sha_ror32(x, 17) ^ sha_ror32(x, 19) ^ x >> 10;
}

#define WK(i) (w[i] + k[i])

static CORE_PART void block(uint32_t *s, uint32_t *w)
{
	const uint32_t *k = sha256_k;

	SHA_LOAD(uint32_t, s);
	for (;;) {
		SHA_EIGHT_ROUNDS(SHA256_ROUND, 0, WK);
		SHA_EIGHT_ROUNDS(SHA256_ROUND, 8, WK);
		k += 16;
		if (k == sha256_k + 64)
			break;
		for (int i = 0; i < 16; i++)
			w[i] += s0(w[(i + 1) & 15]) + w[(i + 9) & 15] + s1(w[(i + 14) & 15]);
	}
	SHA_ADD(s);
}

SHA_LOOPS(sha256, block)

const struct hash_core sha256_c = {"C", 0, compress, iterate, CORE_ONE_BY_ONE};
