/* SPDX-License-Identifier: MIT */
/* sha256_c - SHA-256 in plain C, eight rounds in a loop: small enough for any instruction cache. */
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

/* As in sha512_c.c. */
static CORE_PART void block(uint32_t *s, uint32_t *message)
{
	uint32_t all[64], *w = all;

	for (int i = 0; i < 16; i++)
		all[i] = message[i];
	for (int i = 16; i < 64; i++)
		all[i] = all[i - 16] + s0(all[i - 15]) + all[i - 7] + s1(all[i - 2]);
	SHA_LOAD(uint32_t, s);
	for (const uint32_t *k = sha256_k; k < sha256_k + 64; k += 8, w += 8)
		SHA_EIGHT_ROUNDS(SHA256_ROUND, 0, WK);
	SHA_ADD(s);
}

SHA_LOOPS(sha256, block)

const struct hash_core sha256_c = {"C", 0, compress, iterate, CORE_ONE_BY_ONE};
