/* SPDX-License-Identifier: MIT */
/* kdf_cost - see kdf_cost.h. */
#include "crypto/kdf_cost.h"
#include <time.h>

enum { TRIAL_US = 10000, TRIAL_MEMORY_KIB = 8192, TRIAL_ITERATIONS = 500 };

static uint64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Work of one derivation, in the unit that it grows with: iterations, or KiB times passes. */
static uint64_t work(const struct kdf *kdf)
{
	return kdf->kind == KDF_PBKDF2 ? kdf->iterations : (uint64_t)kdf->memory_kib * kdf->iterations;
}

/* How long @work takes when @trial_work took @us; UINT64_MAX when that does not fit. */
static uint64_t scale_ms(uint64_t work, uint64_t us, uint64_t trial_work)
{
	uint64_t whole = work / trial_work, rest = work % trial_work;

	if (whole >= UINT64_MAX / us)
		return UINT64_MAX;
	return (whole * us + rest * us / trial_work) / 1000;
}

uint64_t kdf_cost_ms(const struct kdf *kdf, size_t out_bytes)
{
	struct kdf trial = *kdf;
	uint8_t out[64];
	uint64_t start = now_us(), spent;
	struct error ignored;
	unsigned runs = 0;

	if (trial.kind == KDF_PBKDF2 && trial.iterations > TRIAL_ITERATIONS)
		trial.iterations = TRIAL_ITERATIONS;
	if (trial.kind != KDF_PBKDF2) {
		trial.iterations = 1;
		if (trial.memory_kib > TRIAL_MEMORY_KIB)
			trial.memory_kib = TRIAL_MEMORY_KIB > 8 * trial.lanes ? TRIAL_MEMORY_KIB : 8 * trial.lanes;
	}
	do {
		if (kdf_derive(&trial, (struct bytes){"", 0}, out, out_bytes < sizeof(out) ? out_bytes : sizeof(out),
			    &ignored))
			return UINT64_MAX;
		runs++;
		spent = now_us() - start;
	} while (spent < TRIAL_US);
	return scale_ms(work(kdf), spent, work(&trial) * runs);
}
