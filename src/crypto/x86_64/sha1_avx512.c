/* SPDX-License-Identifier: MIT */
/* sha1_avx512 - four SHA-1 in parallel, with rotations and any function of three in one instruction. */
#include "crypto/sha.h"
#include "crypto/x86_64/x86.h"
#include <immintrin.h>

#define TARGET __attribute__((target("avx512vl,bmi,bmi2")))
#define TARGET_INLINE TARGET SHA_INLINE

typedef uint32_t v4 __attribute__((vector_size(16)));

enum { FEWEST = 2 };

/* The last number is the truth table of the function. */
#define three(b, c, d, f) ((v4)_mm_ternarylogic_epi32((__m128i)(b), (__m128i)(c), (__m128i)(d), f))
#define rol(v, n) ((v4)_mm_rol_epi32((__m128i)(v), n))
#define choose(b, c, d) three(b, c, d, 0xca)
#define parity(b, c, d) three(b, c, d, 0x96)
#define majority(b, c, d) three(b, c, d, 0xe8)

#include "crypto/x86_64/sha1_lanes.h"

const struct hash_core sha1_avx512 = {"AVX-512, 4 lanes", X86_AVX512, compress, iterate, {10, 18, 18, 18}};
