/* SPDX-License-Identifier: MIT */
/* argon2_sse2 - Argon2 for every x86-64. */
#include "crypto/argon2_fill.h"
#include <immintrin.h>

#define TARGET
#define TARGET_INLINE ARGON2_INLINE

typedef __m128i v2;

TARGET_INLINE v2 ror24(v2 x)
{
	return _mm_xor_si128(_mm_srli_epi64(x, 24), _mm_slli_epi64(x, 40));
}

TARGET_INLINE v2 ror16(v2 x)
{
	return _mm_shufflehi_epi16(_mm_shufflelo_epi16(x, 0x39), 0x39);
}

#include "crypto/x86_64/argon2_sse.h"

const struct argon2_core argon2_sse2 = {"SSE2", 0, block};
