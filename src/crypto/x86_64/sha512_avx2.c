/* SPDX-License-Identifier: MIT */
/* sha512_avx2 - SHA-512 with BMI2's rotations and AVX's three operands. */
#include "crypto/sha.h"
#include "crypto/x86_64/x86.h"
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi,bmi2")))
#define TARGET_INLINE TARGET SHA_INLINE

typedef uint64_t v2 __attribute__((vector_size(16)));

#define ror(v, n) ((v) >> (n) | (v) << (64 - (n)))
#define xor3(a, b, c) ((a) ^ (b) ^ (c))

#include "crypto/x86_64/sha512_vector.h"

const struct hash_core sha512_avx2 = {"AVX2", X86_AVX2, compress, iterate, CORE_ONE_BY_ONE};
