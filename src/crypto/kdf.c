/* SPDX-License-Identifier: MIT */
/* kdf - see kdf.h. */
#include "crypto/kdf.h"
#include "crypto/argon2_derive.h"
#include "crypto/core.h"
#include "crypto/pbkdf2_team.h"

static const struct progress *told;

const struct progress *kdf_tell(const struct progress *progress)
{
	const struct progress *before = told;

	told = progress;
	return before;
}

const char *kdf_implementation(const struct kdf *kdf)
{
	return kdf->kind == KDF_PBKDF2 ? hash_implementation(kdf->hash) : core_argon2()->name;
}

static enum cause derive_argon2(const struct kdf *kdf, struct bytes secret, uint8_t *out, size_t out_bytes,
	struct error *err)
{
	enum cause cause = argon2_derive(kdf, secret, out, out_bytes, told);

	if (cause == CAUSE_RESOURCE)
		return error_set(err, cause, "cannot allocate %u MiB of memory for %s", kdf_memory_mib(kdf),
			kdf_name(kdf->kind));
	if (cause)
		return error_set(err, cause, "invalid parameters for %s: %u passes, %u KiB, %u lanes",
			kdf_name(kdf->kind), kdf->iterations, kdf->memory_kib, kdf->lanes);
	return CAUSE_OK;
}

enum cause kdf_derive(const struct kdf *kdf, struct bytes secret, uint8_t *out, size_t out_bytes,
	struct error *err)
{
	const struct pbkdf2 pbkdf2 = {kdf->hash, secret, {kdf->salt, kdf->salt_bytes}, kdf->iterations};

	if (kdf->kind != KDF_PBKDF2)
		return derive_argon2(kdf, secret, out, out_bytes, err);
	pbkdf2_team_derive(&pbkdf2, out, out_bytes, told);
	return CAUSE_OK;
}
