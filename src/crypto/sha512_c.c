/* SPDX-License-Identifier: MIT */
/* sha512_c - SHA-512 in plain C, eight rounds in each iteration: small enough for any instruction cache. */
#include "crypto/sha_rounds.h"

SHA_INLINE uint64_t s0(uint64_t x)
{
	return sha_ror64(x, 1) ^ sha_ror64(x, 8) ^ x >> 7;
}

SHA_INLINE uint64_t s1(uint64_t x)
{
	return sha_ror64(x, 19) ^ sha_ror64(x, 61) ^ x >> 6;
}

#define WK(i) (now[i] + k[i])

static CORE_PART void block(uint64_t *s, uint64_t *w)
{
	const uint64_t *k = sha512_k;

	SHA_LOAD(uint64_t, s);
	for (unsigned t = 0; t < 80; t += 8, k += 8) {
		uint64_t *now = w + (t & 8);

		SHA_EIGHT_ROUNDS(SHA512_ROUND, 0, WK);
		for (unsigned i = t; t < 64 && i < t + 8; i++)
			w[i & 15] += s0(w[(i + 1) & 15]) + w[(i + 9) & 15] + s1(w[(i + 14) & 15]);
	}
	SHA_ADD(s);
}

SHA_LOOPS(sha512, block)

const struct hash_core sha512_c = {"C", 0, compress, iterate, CORE_ONE_BY_ONE};
