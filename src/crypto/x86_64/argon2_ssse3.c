/* SPDX-License-Identifier: MIT */
/* argon2_ssse3 - Argon2 with SSSE3's byte shuffle as the rotation by whole bytes. */
#include "crypto/argon2_fill.h"
#include <immintrin.h>

#define TARGET __attribute__((target("ssse3")))
#define TARGET_INLINE TARGET ARGON2_INLINE

typedef __m128i v2;

TARGET_INLINE v2 ror24(v2 x)
{
	return _mm_shuffle_epi8(x, _mm_setr_epi8(3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10));
}

TARGET_INLINE v2 ror16(v2 x)
{
	return _mm_shuffle_epi8(x, _mm_setr_epi8(2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9));
}

#include "crypto/x86_64/argon2_sse.h"

const struct argon2_core argon2_ssse3 = {"SSSE3", X86_SSSE3, block};
