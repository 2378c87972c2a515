/* SPDX-License-Identifier: MIT */
/*
 * kdf_each - one secret and several keyslots with PBKDF2, in parallel on the available processors.
 *
 * Not for Argon2: its lanes already use the processors, and each keyslot would need memory of its own.
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
 * Derive each of the @n tries (at most KDF_EACH_MAX). @derived is called for them in order, on the
 * caller's thread, as soon as each is done; once it returns false, it is not called again and what is in
 * progress is dropped. Progress is reported for those that the caller's thread derives itself. Leaves secrets
 * on the dead stack, as kdf_derive does.
 */
void kdf_derive_each(const struct kdf_try *tries, unsigned n, struct bytes secret,
	bool (*derived)(void *context, unsigned i), void *context);

#endif
