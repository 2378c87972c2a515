/* SPDX-License-Identifier: MIT */
/*
 * aes_armv8 - AES on the processor's instructions (crypto/aes_cores.h).
 *
 * AESE adds a round key, then substitutes and shifts; AESD does the inverse; AESMC and AESIMC mix the columns
 * (Arm Architecture Reference Manual, C7.2). So the last round key is added by itself.
 */
#include "crypto/aarch64/arm.h"
#include "crypto/aes.h"
#include <arm_neon.h>

#define TARGET __attribute__((target("+crypto")))
#define TARGET_INLINE TARGET static inline __attribute__((always_inline))
#define AES_CORE aes_armv8

typedef uint8x16_t vector;

TARGET_INLINE vector load(const void *p)
{
	return vld1q_u8(p);
}

TARGET_INLINE void store(void *p, vector x)
{
	vst1q_u8(p, x);
}

TARGET_INLINE vector add(vector a, vector b)
{
	return veorq_u8(a, b);
}

/* With the same word in all columns the shift moves nothing. */
TARGET_INLINE uint32_t substitute(uint32_t word)
{
	const vector all = vreinterpretq_u8_u32(vdupq_n_u32(word));

	return vgetq_lane_u32(vreinterpretq_u32_u8(vaeseq_u8(all, vdupq_n_u8(0))), 0);
}

TARGET_INLINE vector inverse_columns(vector x)
{
	return vaesimcq_u8(x);
}

/* Side by side: one block alone would wait for each instruction. */
TARGET_INLINE void decrypt_rounds(const uint8_t (*keys)[AES_BLOCK_BYTES], unsigned rounds, vector *x, int n)
{
	for (unsigned i = rounds; i > 1; i--)
		for (int b = 0; b < n; b++)
			x[b] = vaesimcq_u8(vaesdq_u8(x[b], load(keys[i])));
	for (int b = 0; b < n; b++)
		x[b] = add(vaesdq_u8(x[b], load(keys[1])), load(keys[0]));
}

TARGET_INLINE vector encrypt_rounds(const uint8_t (*keys)[AES_BLOCK_BYTES], unsigned rounds, vector x)
{
	for (unsigned i = 0; i + 1 < rounds; i++)
		x = vaesmcq_u8(vaeseq_u8(x, load(keys[i])));
	return add(vaeseq_u8(x, load(keys[rounds - 1])), load(keys[rounds]));
}

#include "crypto/aes_cores.h"
