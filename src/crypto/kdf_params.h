/* SPDX-License-Identifier: MIT */
/* kdf_params - which function derives a key from a passphrase, and with which parameters. */
#ifndef CRYPTO_KDF_PARAMS_H
#define CRYPTO_KDF_PARAMS_H

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

/* "argon2id", "pbkdf2" ... */
const char *kdf_name(enum kdf_kind kind);

/* The quantity that the time on one machine is proportional to: iterations, or KiB of memory times passes. */
uint64_t kdf_work(const struct kdf *kdf);

/* The memory of Argon2 in MiB, rounded up so that no message says that 4096 is more than 4096. */
uint32_t kdf_memory_mib(const struct kdf *kdf);

#endif
