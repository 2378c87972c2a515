/* SPDX-License-Identifier: MIT */
/*
 * sha_rounds - one round of SHA-256 and of SHA-512 on general registers (FIPS 180-4,
 * 6.2.2 step 3 and 6.4.2 step 3), for the cores that differ only in where W + K comes from.
 *
 * The eight variables are renamed instead of moved: the caller passes them turned by one
 * place more for each round. Maj shares b ^ c with the round before as its a ^ b.
 */
#ifndef CRYPTO_SHA_ROUNDS_H
#define CRYPTO_SHA_ROUNDS_H

#include "crypto/sha.h"

#define SHA256_ROUND(a, b, c, d, e, f, g, h, wk)                                                            \
	do {                                                                                                  \
		h += (wk);                                                                                    \
		h += g ^ (e & (f ^ g));                                                                       \
		h += sha_ror32(e, 6) ^ sha_ror32(e, 11) ^ sha_ror32(e, 25);                                    \
		d += h;                                                                                       \
		h += ((a ^ b) & bc) ^ b, bc = a ^ b;                                                          \
		h += sha_ror32(a, 2) ^ sha_ror32(a, 13) ^ sha_ror32(a, 22);                                    \
	} while (0)

#define SHA512_ROUND(a, b, c, d, e, f, g, h, wk)                                                            \
	do {                                                                                                  \
		h += (wk);                                                                                    \
		h += g ^ (e & (f ^ g));                                                                       \
		h += sha_ror64(e, 14) ^ sha_ror64(e, 18) ^ sha_ror64(e, 41);                                    \
		d += h;                                                                                       \
		h += ((a ^ b) & bc) ^ b, bc = a ^ b;                                                          \
		h += sha_ror64(a, 28) ^ sha_ror64(a, 34) ^ sha_ror64(a, 39);                                    \
	} while (0)

/* Eight rounds; wk(i) gives W + K of the one with index i. */
#define SHA_EIGHT_ROUNDS(ROUND, at, wk)                                                                     \
	do {                                                                                                  \
		ROUND(a, b, c, d, e, f, g, h, wk((at) + 0));                                                   \
		ROUND(h, a, b, c, d, e, f, g, wk((at) + 1));                                                   \
		ROUND(g, h, a, b, c, d, e, f, wk((at) + 2));                                                   \
		ROUND(f, g, h, a, b, c, d, e, wk((at) + 3));                                                   \
		ROUND(e, f, g, h, a, b, c, d, wk((at) + 4));                                                   \
		ROUND(d, e, f, g, h, a, b, c, wk((at) + 5));                                                   \
		ROUND(c, d, e, f, g, h, a, b, wk((at) + 6));                                                   \
		ROUND(b, c, d, e, f, g, h, a, wk((at) + 7));                                                   \
	} while (0)

#define SHA_LOAD(type, s)                                                                                   \
	type a = (s)[0], b = (s)[1], c = (s)[2], d = (s)[3], e = (s)[4], f = (s)[5], g = (s)[6], h = (s)[7], \
	     bc = b ^ c

#define SHA_ADD(s) \
	((s)[0] += a, (s)[1] += b, (s)[2] += c, (s)[3] += d, (s)[4] += e, (s)[5] += f, (s)[6] += g, (s)[7] += h)

/*
 * The two loops around a compression of sixteen words: over the blocks of a message, and
 * PBKDF2's. @block is void block(word s[8], word w[16]), and may spoil w.
 */
#define SHA_COMPRESS_BODY(word, load, block)                                                                \
	word *s = state, w[16];                                                                               \
	for (; n; n--, data += sizeof(w)) {                                                                   \
		for (size_t i = 0; i < 16; i++)                                                               \
			w[i] = load(data + i * sizeof(word));                                                 \
		block(s, w);                                                                                  \
	}

#define SHA_ITERATE_BODY(word, digest_words, bits, block)                                                   \
	for (size_t k = 0; k < n; k++) {                                                                      \
		word *uk = (word *)u + k * (digest_words), *tk = (word *)t + k * (digest_words);              \
		word s[digest_words];                                                                         \
		__builtin_memcpy(s, uk, sizeof(s));                                                           \
		for (uint32_t r = 0; r < rounds; r++) {                                                       \
			const word *keys[] = {inner, outer};                                                  \
			for (int half = 0; half < 2; half++) {                                                \
				word w[16] = {0};                                                             \
				for (int i = 0; i < (digest_words); i++) {                                    \
					w[i] = s[i];                                                          \
					s[i] = keys[half][i];                                                 \
				}                                                                             \
				w[digest_words] = (word)1 << (sizeof(word) * 8 - 1);                          \
				w[15] = bits;                                                                 \
				block(s, w);                                                                  \
			}                                                                                     \
			for (int i = 0; i < (digest_words); i++)                                              \
				tk[i] ^= s[i];                                                                \
		}                                                                                             \
		__builtin_memcpy(uk, s, sizeof(s));                                                           \
	}

#endif
