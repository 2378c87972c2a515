/* SPDX-License-Identifier: MIT */
/* kdf - see kdf.h. */
#include "crypto/kdf.h"
#include "base/machine.h"
#include "crypto/argon2_derive.h"
#include "crypto/core.h"
#include "crypto/kdf_cost.h"

const struct kdf_limits kdf_default_limits = {
	.memory_kib = 4u << 20,
	.lanes = 4,
	.kib_passes = 64ull << 20,
	.pbkdf2_iterations = 100000000,
};

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

/* Rounded up, so that no sentence says that 4096 is more than 4096. */
static uint32_t mib(uint32_t kib)
{
	return kib / 1024 + (kib % 1024 != 0);
}

static enum cause check_argon2(const struct kdf *kdf, const struct kdf_limits *limits, struct error *err)
{
	const char *name = kdf_name(kdf->kind);
	uint64_t available;

	if (kdf->memory_kib > limits->memory_kib)
		return error_set(err, CAUSE_UNSUPPORTED,
			"needs %u MiB for %s, more than the limit of %u MiB (--max-memory)",
			mib(kdf->memory_kib), name, limits->memory_kib >> 10);
	if (kdf->lanes > limits->lanes)
		return error_set(err, CAUSE_UNSUPPORTED,
			"needs %u lanes for %s, more than the limit of %u (--max-lanes)", kdf->lanes, name,
			limits->lanes);
	/* Whatever the limits say: steps are counted in 32 bits, four a pass. */
	if ((uint64_t)kdf->memory_kib * kdf->iterations > limits->kib_passes ||
		kdf->iterations > UINT32_MAX / 4)
		return error_set(err, CAUSE_UNSUPPORTED,
			"needs %u passes over %u MiB for %s, more than the limit (--max-time replaces it)",
			kdf->iterations, mib(kdf->memory_kib), name);
	available = machine_memory_available_kib();
	/* A sixteenth stays free for the kernel's own tables and for this program. */
	if (available != UINT64_MAX && kdf->memory_kib > available - available / 16)
		return error_set(err, CAUSE_RESOURCE,
			"needs %u MiB of memory for %s, %llu MiB are free; add a keyslot with a smaller "
			"--pbkdf-memory or with --pbkdf pbkdf2",
			mib(kdf->memory_kib), name, (unsigned long long)available >> 10);
	return CAUSE_OK;
}

static enum cause check_pbkdf2(const struct kdf *kdf, const struct kdf_limits *limits, struct error *err)
{
	if (kdf->iterations <= limits->pbkdf2_iterations)
		return CAUSE_OK;
	return error_set(err, CAUSE_UNSUPPORTED,
		"needs %u iterations of pbkdf2, more than the limit of %u (--max-time replaces it)",
		kdf->iterations, limits->pbkdf2_iterations);
}

enum cause kdf_check(const struct kdf *kdf, const struct kdf_limits *limits, struct error *err)
{
	enum cause cause =
		kdf->kind == KDF_PBKDF2 ? check_pbkdf2(kdf, limits, err) : check_argon2(kdf, limits, err);
	uint64_t ms;

	if (cause || !limits->time_ms)
		return cause;
	ms = kdf_cost_ms(kdf, HASH_MAX_BYTES);
	if (ms > limits->time_ms)
		return error_set(err, CAUSE_UNSUPPORTED,
			"would take about %llu s of %s on this machine, more than the limit of %llu s (--max-time)",
			(unsigned long long)ms / 1000, kdf_name(kdf->kind),
			(unsigned long long)limits->time_ms / 1000);
	return CAUSE_OK;
}

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

enum cause kdf_derive(const struct kdf *kdf, struct bytes secret, uint8_t *out, size_t out_bytes,
	struct error *err)
{
	if (kdf->kind != KDF_PBKDF2)
		return argon2_derive(kdf, secret, out, out_bytes, told, err);
	hash_pbkdf2_told(kdf->hash, secret, (struct bytes){kdf->salt, kdf->salt_bytes}, kdf->iterations, out,
		out_bytes, told, NULL);
	return CAUSE_OK;
}
