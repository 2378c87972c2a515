/* SPDX-License-Identifier: MIT */
/*
 * sha_rounds - one round of SHA-256 and of SHA-512 on general registers (FIPS 180-4,
 * 6.2.2 step 3 and 6.4.2 step 3), for the cores that differ only in where W + K comes from.
 *
 * The eight variables are renamed instead of moved: the caller passes them rotated by one
 * more place in each round. Maj uses b ^ c, which is the a ^ b of the round before.
 */
#ifndef CRYPTO_SHA_ROUNDS_H
#define CRYPTO_SHA_ROUNDS_H

#include "crypto/sha.h"

#define SHA256_ROUND(a, b, c, d, e, f, g, h, wk)                                                             \
	do {                                                                                                 \
		h += (wk);                                                                                   \
		h += g ^ (e & (f ^ g));                                                                      \
		h += sha_ror32(e, 6) ^ sha_ror32(e, 11) ^ sha_ror32(e, 25);                                  \
		d += h;                                                                                      \
		h += ((a ^ b) & bc) ^ b, bc = a ^ b;                                                         \
		h += sha_ror32(a, 2) ^ sha_ror32(a, 13) ^ sha_ror32(a, 22);                                  \
	} while (0)

#define SHA512_ROUND(a, b, c, d, e, f, g, h, wk)                                                             \
	do {                                                                                                 \
		h += (wk);                                                                                   \
		h += g ^ (e & (f ^ g));                                                                      \
		h += sha_ror64(e, 14) ^ sha_ror64(e, 18) ^ sha_ror64(e, 41);                                 \
		d += h;                                                                                      \
		h += ((a ^ b) & bc) ^ b, bc = a ^ b;                                                         \
		h += sha_ror64(a, 28) ^ sha_ror64(a, 34) ^ sha_ror64(a, 39);                                 \
	} while (0)

/* Eight rounds; wk(i) gives W + K of the one with index i. */
#define SHA_EIGHT_ROUNDS(ROUND, at, wk)                                                                      \
	do {                                                                                                 \
		ROUND(a, b, c, d, e, f, g, h, wk((at) + 0));                                                 \
		ROUND(h, a, b, c, d, e, f, g, wk((at) + 1));                                                 \
		ROUND(g, h, a, b, c, d, e, f, wk((at) + 2));                                                 \
		ROUND(f, g, h, a, b, c, d, e, wk((at) + 3));                                                 \
		ROUND(e, f, g, h, a, b, c, d, wk((at) + 4));                                                 \
		ROUND(d, e, f, g, h, a, b, c, wk((at) + 5));                                                 \
		ROUND(c, d, e, f, g, h, a, b, wk((at) + 6));                                                 \
		ROUND(b, c, d, e, f, g, h, a, wk((at) + 7));                                                 \
	} while (0)

#define SHA_LOAD(type, s)                                                                                    \
	type a = (s)[0], b = (s)[1], c = (s)[2], d = (s)[3], e = (s)[4], f = (s)[5], g = (s)[6], h = (s)[7], \
	     bc = b ^ c

#define SHA_ADD(s)                                                                                           \
	((s)[0] += a, (s)[1] += b, (s)[2] += c, (s)[3] += d, (s)[4] += e, (s)[5] += f, (s)[6] += g,          \
		(s)[7] += h)

/*
 * A core's compress and iterate around its block function, void block(word s[8], word w[16]), which makes s
 * the state after the sixteen words w and may overwrite them. The loops are in sha_loops.c, for all cores.
 */
#define SHA_LOOPS(hash, block)                                                                               \
	static void compress(void *state, const uint8_t *data, size_t n)                                     \
	{                                                                                                    \
		hash##_compress(block, state, data, n);                                                      \
	}                                                                                                    \
	static void iterate(const void *inner, const void *outer, void *u, void *t, size_t n,                \
		uint32_t rounds)                                                                             \
	{                                                                                                    \
		hash##_iterate(block, inner, outer, u, t, n, rounds);                                        \
	}

#define SHA_DECLARE_LOOPS(hash, word)                                                                        \
	void hash##_compress(void (*block)(word *, word *), void *state, const uint8_t *data, size_t n);     \
	void hash##_iterate(void (*block)(word *, word *), const void *inner, const void *outer, void *u,    \
		void *t, size_t n, uint32_t rounds)
SHA_DECLARE_LOOPS(sha1, uint32_t);
SHA_DECLARE_LOOPS(sha256, uint32_t);
SHA_DECLARE_LOOPS(sha512, uint64_t);

#endif
