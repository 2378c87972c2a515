/* SPDX-License-Identifier: MIT */
/*
 * aes_ni - AES on the processor's instructions (crypto/aes_cores.h).
 *
 * AESENC substitutes, shifts and mixes, then adds a round key; AESENCLAST does not mix; AESDEC and AESDECLAST
 * are their inverses (Intel SDM 2A).
 */
#include "crypto/aes.h"
#include "crypto/x86_64/x86.h"

#define TARGET __attribute__((target("aes")))
#define TARGET_INLINE TARGET static inline __attribute__((always_inline))
#define AES_CORE aes_ni

typedef __m128i vector;

TARGET_INLINE vector load(const void *p)
{
	return _mm_loadu_si128(p);
}

TARGET_INLINE void store(void *p, vector x)
{
	_mm_storeu_si128(p, x);
}

TARGET_INLINE vector add(vector a, vector b)
{
	return _mm_xor_si128(a, b);
}

/* With the same word in all columns the shift moves nothing. */
TARGET_INLINE uint32_t substitute(uint32_t word)
{
	return (uint32_t)_mm_cvtsi128_si32(
		_mm_aesenclast_si128(_mm_set1_epi32((int)word), _mm_setzero_si128()));
}

TARGET_INLINE vector inverse_columns(vector x)
{
	return _mm_aesimc_si128(x);
}

/* Side by side: one block alone would wait for each instruction. */
TARGET_INLINE void decrypt_rounds(const uint8_t (*keys)[AES_BLOCK_BYTES], unsigned rounds, vector *x, int n)
{
	for (int b = 0; b < n; b++)
		x[b] = add(x[b], load(keys[rounds]));
	for (unsigned i = rounds - 1; i; i--)
		for (int b = 0; b < n; b++)
			x[b] = _mm_aesdec_si128(x[b], load(keys[i]));
	for (int b = 0; b < n; b++)
		x[b] = _mm_aesdeclast_si128(x[b], load(keys[0]));
}

TARGET_INLINE vector encrypt_rounds(const uint8_t (*keys)[AES_BLOCK_BYTES], unsigned rounds, vector x)
{
	x = add(x, load(keys[0]));
	for (unsigned i = 1; i < rounds; i++)
		x = _mm_aesenc_si128(x, load(keys[i]));
	return _mm_aesenclast_si128(x, load(keys[rounds]));
}

#include "crypto/aes_cores.h"
