/* SPDX-License-Identifier: MIT */
/* blake2b - unkeyed BLAKE2b (RFC 7693), which Argon2 hashes its inputs and its result with. */
#ifndef CRYPTO_BLAKE2B_H
#define CRYPTO_BLAKE2B_H

#include "base/bytes.h"

enum { BLAKE2B_MAX_BYTES = 64 };

/* Hash @n runs of bytes as if they stood one behind the other; @out_bytes is 1 to 64. */
void blake2b_hash(const struct bytes *parts, size_t n, uint8_t *out, size_t out_bytes);

#endif
