/* SPDX-License-Identifier: MIT */
/* argon2_derive - Argon2i and Argon2id (RFC 9106) on phc-winner-argon2. */
#ifndef CRYPTO_ARGON2_DERIVE_H
#define CRYPTO_ARGON2_DERIVE_H

#include "crypto/kdf.h"

/*
 * As kdf_derive. The matrix has a mapping of its own, wiped and unmapped on every path.
 * Fails: CAUSE_RESOURCE (no memory for the matrix), CAUSE_BUG.
 */
enum cause argon2_derive(const struct kdf *kdf, struct bytes secret, uint8_t *out, size_t out_bytes,
	struct error *err) MUST_USE;

#endif
