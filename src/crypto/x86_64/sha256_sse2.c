/* SPDX-License-Identifier: MIT */
/* sha256_sse2 - SHA-256 for any x86-64. */
#define TARGET
#include "crypto/x86_64/sha256_vector.h"

const struct hash_core sha256_sse2 = {"SSE2", 0, compress, iterate, CORE_ONE_BY_ONE};
