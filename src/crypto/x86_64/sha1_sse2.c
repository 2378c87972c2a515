/* SPDX-License-Identifier: MIT */
/* sha1_sse2 - four SHA-1 in parallel, on any x86-64. */
#include "crypto/sha.h"
#include "crypto/x86_64/x86.h"
#include <immintrin.h>

#define TARGET
#define TARGET_INLINE TARGET SHA_INLINE

typedef uint32_t v4 __attribute__((vector_size(16)));

enum { FEWEST = 3 };

#define rol(v, n) ((v) << (n) | (v) >> (32 - (n)))
#define choose(b, c, d) ((d) ^ ((b) & ((c) ^ (d))))
#define parity(b, c, d) ((b) ^ (c) ^ (d))
#define majority(b, c, d) (((b) & (c)) | ((d) & ((b) | (c))))

#include "crypto/x86_64/sha1_lanes.h"

const struct hash_core sha1_sse2 = {"SSE2, 4 lanes", 0, compress, iterate, {10, 20, 27, 27}};
