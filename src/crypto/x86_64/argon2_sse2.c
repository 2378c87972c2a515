/* SPDX-License-Identifier: MIT */
/* argon2_sse2 - Argon2 for any x86-64. */
#include "crypto/x86_64/x86.h"

#define TARGET
#define TARGET_INLINE ARGON2_INLINE

typedef uint64_t v2 __attribute__((vector_size(16)));

#include "crypto/argon2_fill.h"

TARGET_INLINE v2 product(v2 a, v2 b)
{
	return (v2)_mm_mul_epu32((__m128i)a, (__m128i)b);
}

TARGET_INLINE v2 ror32(v2 x)
{
	return (v2)_mm_shuffle_epi32((__m128i)x, 0xb1);
}

TARGET_INLINE v2 ror24(v2 x)
{
	return x >> 24 ^ x << 40;
}

TARGET_INLINE v2 ror16(v2 x)
{
	return (v2)_mm_shufflehi_epi16(_mm_shufflelo_epi16((__m128i)x, 0x39), 0x39);
}

TARGET_INLINE v2 ror63(v2 x)
{
	return x >> 63 ^ (x + x);
}

#include "crypto/argon2_pairs.h"

const struct argon2_core argon2_sse2 = {"SSE2", 0, fill_block};
