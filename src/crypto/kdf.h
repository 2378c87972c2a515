/* SPDX-License-Identifier: MIT */
/*
 * kdf - passphrase to key, whichever function the keyslot names.
 *
 * Callers do not know which implementation runs.
 */
#ifndef CRYPTO_KDF_H
#define CRYPTO_KDF_H

#include "base/bytes.h"
#include "base/cause.h"
#include "crypto/hash.h"

enum kdf_kind { KDF_PBKDF2, KDF_ARGON2I, KDF_ARGON2ID };

enum { KDF_SALT_MAX_BYTES = 64 };

/* Parameters as the header gives them (LUKS2 specification 3.2.1), already range-checked. */
struct kdf {
	enum kdf_kind kind;
	enum hash hash;      /* PBKDF2 only */
	uint32_t iterations; /* PBKDF2: iterations; Argon2: passes */
	uint32_t memory_kib; /* Argon2 only */
	uint32_t lanes;      /* Argon2 only; the number of threads is ours to choose */
	uint32_t salt_bytes;
	uint8_t salt[KDF_SALT_MAX_BYTES];
};

/* What one derivation may cost. Beyond it is policy, not damage. */
struct kdf_limits {
	uint32_t memory_kib; /* Argon2 */
	uint32_t lanes;      /* Argon2 */
	uint64_t kib_passes; /* Argon2: memory times passes */
	uint32_t pbkdf2_iterations;
	uint64_t time_ms; /* estimated on this machine; 0: not looked at */
};

/* The most that cryptsetup itself creates, with room above it. */
extern const struct kdf_limits kdf_default_limits;

/* "argon2id", "pbkdf2" ... */
const char *kdf_name(enum kdf_kind kind);

/*
 * May and can this derivation run here? Answers before anything is allocated.
 * Fails: CAUSE_UNSUPPORTED (over @limits), CAUSE_RESOURCE (more memory than there is).
 */
enum cause kdf_check(const struct kdf *kdf, const struct kdf_limits *limits, struct error *err) MUST_USE;

/*
 * Derive @out_bytes bytes into @out, which the caller owns and wipes.
 * Leaves secrets on the dead stack: call wipe_stack afterwards.
 * Fails: CAUSE_RESOURCE (Argon2's memory could not be had).
 */
enum cause kdf_derive(const struct kdf *kdf, struct bytes secret, uint8_t *out, size_t out_bytes,
	struct error *err) MUST_USE;

/* What its time grows with on one machine: iterations, or KiB of memory times passes. */
uint64_t kdf_work(const struct kdf *kdf);

/* From now on derivations tell @progress (NULL: nobody), which outlives them. Returns who was told before. */
const struct progress *kdf_tell(const struct progress *progress);

/* Which implementation this processor runs for @kdf ("AVX2"). */
const char *kdf_implementation(const struct kdf *kdf);

#endif
