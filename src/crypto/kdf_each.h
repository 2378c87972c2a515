/* SPDX-License-Identifier: MIT */
/*
 * kdf_each - one secret and several keyslots with PBKDF2, side by side on the processors that there are.
 *
 * Not Argon2: its lanes have the processors already, and its memory would be wanted once for each keyslot.
 */
#ifndef CRYPTO_KDF_EACH_H
#define CRYPTO_KDF_EACH_H

#include "crypto/kdf.h"

enum { KDF_EACH_MAX = 32 };

struct kdf_try {
	const struct kdf *kdf; /* KDF_PBKDF2 */
	uint8_t *out;          /* the caller owns it and wipes it */
	size_t out_bytes;
};

/*
 * Derive each of the @n tries (at most KDF_EACH_MAX). @derived is told of them in their order, on the
 * caller's thread, as soon as they are there; once it returns false, nothing more is told and what is under
 * way is dropped. Progress is told of those that the caller's thread derives itself. Leaves secrets on the
 * dead stack, as kdf_derive.
 */
void kdf_derive_each(const struct kdf_try *tries, unsigned n, struct bytes secret,
	bool (*derived)(void *context, unsigned i), void *context);

#endif
