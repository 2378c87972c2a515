/* SPDX-License-Identifier: MIT */
/* x86 - what the x86-64 cores share: the features, and the cores themselves. */
#ifndef CRYPTO_X86_H
#define CRYPTO_X86_H

#include "crypto/core.h"
#include <immintrin.h>

/* SSE2 needs no bit: every x86-64 has it. AVX2 means AVX2, BMI1 and BMI2; AVX512 also means F and VL. */
enum { X86_AVX2 = 1, X86_AVX512 = 2, X86_SHA = 4, X86_AES = 8 };

extern const struct hash_core sha1_sse2, sha1_avx512;
extern const struct hash_core sha256_sse2, sha256_shani;
extern const struct hash_core sha512_avx2;
extern const struct aes aes_ni;
extern const struct argon2_core argon2_sse2, argon2_avx2, argon2_avx512;

#endif
