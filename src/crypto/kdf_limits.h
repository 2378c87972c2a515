/* SPDX-License-Identifier: MIT */
/* kdf_limits - what one derivation may cost, what it would cost here, and whether this machine can do it. */
#ifndef CRYPTO_KDF_LIMITS_H
#define CRYPTO_KDF_LIMITS_H

#include "base/cause.h"
#include "crypto/kdf_params.h"

/* What one derivation may cost. Beyond it is policy, not damage. */
struct kdf_limits {
	uint32_t memory_kib; /* Argon2 */
	uint32_t lanes;      /* Argon2 */
	uint64_t kib_passes; /* Argon2: memory times passes */
	uint32_t pbkdf2_iterations;
	bool disk_swap;   /* Argon2 may use it, and leave there what guesses can be checked with */
	uint64_t time_ms; /* for all keyslots and one secret, estimated (keyslot/budget.h); 0: no limit */
};

/* The most that cryptsetup itself creates, with room above it. */
extern const struct kdf_limits kdf_default_limits;

/*
 * Is this derivation allowed and possible here? Answers before any memory is allocated. Time is not judged.
 * Fails: CAUSE_UNSUPPORTED (over @limits), CAUSE_RESOURCE (more memory than there is).
 */
enum cause kdf_check(const struct kdf *kdf, const struct kdf_limits *limits, struct error *err) MUST_USE;

/*
 * An estimate in milliseconds for @out_bytes of output, measured: the same function runs with small
 * parameters for some milliseconds, once for each speed. UINT64_MAX when that run fails.
 */
uint64_t kdf_cost_ms(const struct kdf *kdf, size_t out_bytes);

#endif
