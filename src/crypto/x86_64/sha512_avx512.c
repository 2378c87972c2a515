/* SPDX-License-Identifier: MIT */
/* sha512_avx512 - SHA-512 with BMI2's rotations and AVX-512's, which turn both words of a vector at once. */
#include "crypto/sha.h"
#include "crypto/x86_64/x86.h"
#include <immintrin.h>

#define TARGET __attribute__((target("avx512vl,bmi,bmi2")))
#define TARGET_INLINE TARGET SHA_INLINE

typedef uint64_t v2 __attribute__((vector_size(16)));

#define ror(v, n) ((v2)_mm_ror_epi64((__m128i)(v), n))
#define xor3(a, b, c) ((v2)_mm_ternarylogic_epi64((__m128i)(a), (__m128i)(b), (__m128i)(c), 0x96))

#include "crypto/x86_64/sha512_vector.h"

const struct hash_core sha512_avx512 = {"AVX-512", X86_AVX512, compress, iterate, 1};
