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

#define WK(i) (w[i] + k[i])

/* All of W first: its distances are constant then, which saves the arithmetic of a ring of sixteen words. */
static CORE_PART void block(uint64_t *s, uint64_t *message)
{
	uint64_t all[80], *w = all;

	for (int i = 0; i < 16; i++)
		all[i] = message[i];
	for (int i = 16; i < 80; i++)
		all[i] = all[i - 16] + s0(all[i - 15]) + all[i - 7] + s1(all[i - 2]);
	SHA_LOAD(uint64_t, s);
	for (const uint64_t *k = sha512_k; k < sha512_k + 80; k += 8, w += 8)
		SHA_EIGHT_ROUNDS(SHA512_ROUND, 0, WK);
	SHA_ADD(s);
}

SHA_LOOPS(sha512, block)

const struct hash_core sha512_c = {"C", 0, compress, iterate, CORE_ONE_BY_ONE};
