/* SPDX-License-Identifier: MIT */
/*
 * kdf - passphrase to key, with the function that the keyslot names.
 *
 * Callers do not know which implementation runs.
 */
#ifndef CRYPTO_KDF_H
#define CRYPTO_KDF_H

#include "base/bytes.h"
#include "base/cause.h"
#include "crypto/kdf_params.h"
#include "crypto/progress.h"

/*
 * Derive @out_bytes bytes into @out, which the caller owns and wipes.
 * Leaves secrets on the dead stack: call wipe_stack afterwards.
 * Fails: CAUSE_RESOURCE (no memory for Argon2's matrix).
 */
enum cause kdf_derive(const struct kdf *kdf, struct bytes secret, uint8_t *out, size_t out_bytes,
	struct error *err) MUST_USE;

/*
 * From now on derivations report to @progress (NULL: no reports), which must stay valid until it is replaced.
 * Returns the previous one.
 */
const struct progress *kdf_tell(const struct progress *progress);

/* The implementation that this processor runs for @kdf ("AVX2"). */
const char *kdf_implementation(const struct kdf *kdf);

#endif
