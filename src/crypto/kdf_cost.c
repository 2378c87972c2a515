/* SPDX-License-Identifier: MIT */
/* kdf_cost - see kdf_cost.h. */
#include "crypto/kdf_cost.h"
#include "base/clock.h"

enum { TRIAL_US = 10000, TRIAL_MEMORY_KIB = 8192, TRIAL_ITERATIONS = 500 };

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
	/* The trial's progress is nobody's. */
	const struct progress *told = kdf_tell(NULL);
	uint64_t start = clock_now_us(), spent;
	struct error ignored;
	unsigned runs = 0;
	bool failed;

	if (trial.kind == KDF_PBKDF2 && trial.iterations > TRIAL_ITERATIONS)
		trial.iterations = TRIAL_ITERATIONS;
	if (trial.kind != KDF_PBKDF2) {
		trial.iterations = 1;
		if (trial.memory_kib > TRIAL_MEMORY_KIB)
			trial.memory_kib =
				TRIAL_MEMORY_KIB > 8 * trial.lanes ? TRIAL_MEMORY_KIB : 8 * trial.lanes;
	}
	do {
		failed = kdf_derive(&trial, (struct bytes){"", 0}, out,
				 out_bytes < sizeof(out) ? out_bytes : sizeof(out), &ignored) != CAUSE_OK;
		runs++;
		spent = clock_now_us() - start;
	} while (!failed && spent < TRIAL_US);
	(void)kdf_tell(told);
	return failed ? UINT64_MAX : scale_ms(kdf_work(kdf), spent, kdf_work(&trial) * runs);
}
