/* SPDX-License-Identifier: MIT */
/* kdf_params - see kdf_params.h. */
#include "crypto/kdf_params.h"

const char *kdf_name(enum kdf_kind kind)
{
	switch (kind) {
	case KDF_PBKDF2:
		return "pbkdf2";
	case KDF_ARGON2I:
		return "argon2i";
	case KDF_ARGON2ID:
		return "argon2id";
	}
	return "?";
}

uint64_t kdf_work(const struct kdf *kdf)
{
	return kdf->kind == KDF_PBKDF2 ? kdf->iterations : (uint64_t)kdf->memory_kib * kdf->iterations;
}

uint32_t kdf_memory_mib(const struct kdf *kdf)
{
	return kdf->memory_kib / 1024 + (kdf->memory_kib % 1024 != 0);
}
