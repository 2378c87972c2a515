/* SPDX-License-Identifier: MIT */
/* argon2_derive - Argon2i and Argon2id (RFC 9106), version 1.3. */
#ifndef CRYPTO_ARGON2_DERIVE_H
#define CRYPTO_ARGON2_DERIVE_H

#include "crypto/kdf.h"

/*
 * As kdf_derive; one unit of @progress (may be NULL) is a slice, a quarter of a pass. Runs on as many
 * threads as there are processors and lanes, and on the caller's alone when it gets no others.
 * The matrix has a mapping of its own, wiped and unmapped on every path.
 * Fails: CAUSE_RESOURCE (no memory for the matrix), CAUSE_BUG (parameters that no header check lets through).
 */
enum cause argon2_derive(const struct kdf *kdf, struct bytes secret, uint8_t *out, size_t out_bytes,
	const struct progress *progress, struct error *err) MUST_USE;

#endif
