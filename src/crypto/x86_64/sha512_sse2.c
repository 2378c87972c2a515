/* SPDX-License-Identifier: MIT */
/* sha512_sse2 - SHA-512 for every x86-64. */
#include "crypto/sha.h"
#include "crypto/x86_64/x86.h"
#include <immintrin.h>

#define TARGET
#define TARGET_INLINE TARGET SHA_INLINE

typedef uint64_t v2 __attribute__((vector_size(16)));

#define ror(v, n) ((v) >> (n) | (v) << (64 - (n)))
#define xor3(a, b, c) ((a) ^ (b) ^ (c))

#include "crypto/x86_64/sha512_vector.h"

const struct hash_core sha512_sse2 = {"SSE2", 0, compress, iterate, 1};
