/* SPDX-License-Identifier: MIT */
/* progress - how far a derivation is. */
#ifndef CRYPTO_PROGRESS_H
#define CRYPTO_PROGRESS_H

#include <stdint.h>

/*
 * Told now and then, on the thread that waits for the result: @done of @total, in the
 * unit of the function (iterations; passes times slices). A quick function: what it takes,
 * the derivation takes longer.
 */
struct progress {
	void (*tell)(void *context, uint64_t done, uint64_t total);
	void *context;
};

#endif
