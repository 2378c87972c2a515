/* SPDX-License-Identifier: MIT */
/*
 * sha_loops - around any core's block of sixteen words: the loop over the blocks of a
 * message, and PBKDF2's.
 */
#include "crypto/sha_rounds.h"

#define LOOPS(hash, word, load, digest_words, bits)                                                          \
	void hash##_compress(void (*block)(word *, word *), void *state, const uint8_t *data, size_t n)      \
	{                                                                                                    \
		word *s = state, w[16];                                                                      \
		for (; n; n--, data += sizeof(w)) {                                                          \
			for (size_t i = 0; i < 16; i++)                                                      \
				w[i] = load(data + i * sizeof(word));                                        \
			block(s, w);                                                                         \
		}                                                                                            \
	}                                                                                                    \
	void hash##_iterate(void (*block)(word *, word *), const void *inner, const void *outer, void *u,    \
		void *t, size_t n, uint32_t rounds)                                                          \
	{                                                                                                    \
		for (size_t k = 0; k < n; k++) {                                                             \
			word *uk = (word *)u + k * digest_words, *tk = (word *)t + k * digest_words;         \
			word s[digest_words];                                                                \
			__builtin_memcpy(s, uk, sizeof(s));                                                  \
			for (uint32_t r = 0; r < rounds; r++) {                                              \
				const word *keys[] = {inner, outer};                                         \
				for (int half = 0; half < 2; half++) {                                       \
					word w[16] = {0};                                                    \
					for (int i = 0; i < digest_words; i++) {                             \
						w[i] = s[i];                                                 \
						s[i] = keys[half][i];                                        \
					}                                                                    \
					w[digest_words] = (word)1 << (sizeof(word) * 8 - 1);                 \
					w[15] = bits;                                                        \
					block(s, w);                                                         \
				}                                                                            \
				for (int i = 0; i < digest_words; i++)                                       \
					tk[i] ^= s[i];                                                       \
			}                                                                                    \
			__builtin_memcpy(uk, s, sizeof(s));                                                  \
		}                                                                                            \
	}

LOOPS(sha1, uint32_t, sha_load32, 5, SHA1_LOOP_BITS)
LOOPS(sha256, uint32_t, sha_load32, 8, SHA256_LOOP_BITS)
LOOPS(sha512, uint64_t, sha_load64, 8, SHA512_LOOP_BITS)
