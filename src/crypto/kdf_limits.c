/* SPDX-License-Identifier: MIT */
/* kdf_limits - see kdf_limits.h. */
#include "crypto/kdf_limits.h"
#include "base/clock.h"
#include "base/machine.h"
#include "crypto/kdf.h"
#include "crypto/pbkdf2_team.h"
#include <string.h>

const struct kdf_limits kdf_default_limits = {
	.memory_kib = 4u << 20,
	.lanes = 4,
	.kib_passes = 64ull << 20,
	.pbkdf2_iterations = 100000000,
	.time_ms = 60000,
};

/* --- what it would cost ------------------------------------------------------------------ */

enum { TRIAL_US = 10000, TRIAL_MEMORY_KIB = 8192, TRIAL_ITERATIONS = 500, TRIAL_PART = 64 };

/* How long @work takes when @trial_work took @us; UINT64_MAX when that does not fit. */
static uint64_t scale_ms(uint64_t work, uint64_t us, uint64_t trial_work)
{
	uint64_t whole = work / trial_work, rest = work % trial_work;

	if (whole >= UINT64_MAX / us)
		return UINT64_MAX;
	return (whole * us + rest * us / trial_work) / 1000;
}

/* What was measured: @work took @us, and the trial @best_us at least. Other work of the machine only adds. */
struct speed {
	struct kdf trial;
	size_t out_bytes;
	uint64_t us, work, best_us;
};

static struct speed speeds[4]; /* those measured last */

/* Until @enough work is measured, or for TRIAL_US. False: it cannot be derived here. */
static bool measure(struct speed *s, uint64_t enough)
{
	uint8_t out[HASH_MAX_BYTES];
	/* The trial reports no progress. */
	const struct progress *told = kdf_tell(NULL);
	uint64_t start = clock_now_us() - s->us;
	struct error ignored;
	uint64_t before = s->us;
	bool failed = false;

	while (!failed && s->us < TRIAL_US && s->work < enough) {
		failed =
			kdf_derive(&s->trial, (struct bytes){"", 0}, out, s->out_bytes, &ignored) != CAUSE_OK;
		s->work += kdf_work(&s->trial);
		s->us = clock_now_us() - start;
		s->us += s->us == before; /* a divisor */
		if (!s->best_us || s->us - before < s->best_us)
			s->best_us = s->us - before;
		before = s->us;
	}
	(void)kdf_tell(told);
	return !failed;
}

/* NULL: it cannot be derived here. */
static const struct speed *speed_of(const struct kdf *trial, size_t out_bytes, uint64_t enough)
{
	enum { SPEEDS = sizeof(speeds) / sizeof(*speeds) };
	static unsigned next;
	struct speed *s = speeds;

	while (s < speeds + SPEEDS && (s->out_bytes != out_bytes || memcmp(&s->trial, trial, sizeof(*trial))))
		s++;
	if (s == speeds + SPEEDS) {
		s = &speeds[next++ % SPEEDS];
		*s = (struct speed){*trial, out_bytes, 0, 0, 0};
	}
	if (measure(s, enough))
		return s;
	s->out_bytes = 0;
	return NULL;
}

uint64_t kdf_cost_ms(const struct kdf *kdf, size_t out_bytes)
{
	struct kdf trial = *kdf;
	const struct speed *s;

	memset(trial.salt, 0, sizeof(trial.salt));
	if (trial.kind == KDF_PBKDF2)
		/* Too short for threads: one share takes as long as all. */
		out_bytes = pbkdf2_team_share(kdf->hash, kdf->iterations, out_bytes);
	if (trial.kind == KDF_PBKDF2 && trial.iterations > TRIAL_ITERATIONS)
		trial.iterations = TRIAL_ITERATIONS;
	if (trial.kind != KDF_PBKDF2) {
		trial.iterations = 1;
		if (trial.memory_kib > TRIAL_MEMORY_KIB)
			trial.memory_kib =
				TRIAL_MEMORY_KIB > 8 * trial.lanes ? TRIAL_MEMORY_KIB : 8 * trial.lanes;
	}
	/* A trial of a derivation that takes milliseconds must not take longer than that. */
	s = speed_of(&trial, out_bytes < HASH_MAX_BYTES ? out_bytes : HASH_MAX_BYTES,
		kdf_work(kdf) / TRIAL_PART + 1);
	return s ? scale_ms(kdf_work(kdf), s->best_us, kdf_work(&trial)) : UINT64_MAX;
}

/* --- is it allowed, is it possible --------------------------------------------------------- */

static enum cause check_argon2(const struct kdf *kdf, const struct kdf_limits *limits, struct error *err)
{
	const char *name = kdf_name(kdf->kind);
	uint64_t available;

	if (kdf->memory_kib > limits->memory_kib)
		return error_set(err, CAUSE_UNSUPPORTED,
			"needs %u MiB for %s, more than the limit of %u MiB (--max-memory)",
			kdf_memory_mib(kdf), name, limits->memory_kib >> 10);
	if (kdf->lanes > limits->lanes)
		return error_set(err, CAUSE_UNSUPPORTED,
			"needs %u lanes for %s, more than the limit of %u (--max-lanes)", kdf->lanes, name,
			limits->lanes);
	/* Not subject to @limits: steps are counted in 32 bits, four a pass. */
	if ((uint64_t)kdf->memory_kib * kdf->iterations > limits->kib_passes ||
		kdf->iterations > UINT32_MAX / 4)
		return error_set(err, CAUSE_UNSUPPORTED,
			"needs %u passes over %u MiB for %s, more than the limit (--max-time replaces it)",
			kdf->iterations, kdf_memory_mib(kdf), name);
	available = machine_memory_available_kib();
	if (available != UINT64_MAX && limits->disk_swap)
		available += machine_disk_swap_kib();
	/* A sixteenth stays free for the kernel's own tables and for this program. */
	if (available != UINT64_MAX && kdf->memory_kib > available - available / 16)
		return error_set(err, CAUSE_RESOURCE,
			"needs %u MiB of memory for %s, %llu MiB are free; add a keyslot with a smaller "
			"--pbkdf-memory or with --pbkdf pbkdf2",
			kdf_memory_mib(kdf), name, (unsigned long long)available >> 10);
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
	return kdf->kind == KDF_PBKDF2 ? check_pbkdf2(kdf, limits, err) : check_argon2(kdf, limits, err);
}
