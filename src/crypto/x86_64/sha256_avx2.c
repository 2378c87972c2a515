/* SPDX-License-Identifier: MIT */
/* sha256_avx2 - SHA-256 with BMI2's rotations and AVX's three operands. */
#define TARGET __attribute__((target("avx2,bmi,bmi2")))
#include "crypto/x86_64/sha256_vector.h"

const struct hash_core sha256_avx2 = {"AVX2", X86_AVX2, compress, iterate, 1};
