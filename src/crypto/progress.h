/* SPDX-License-Identifier: MIT */
/* progress - a callback that reports how far a derivation is. */
#ifndef CRYPTO_PROGRESS_H
#define CRYPTO_PROGRESS_H

#include <stdint.h>

/*
 * Called now and then, on the thread that waits for the result, with @done of @total, in the unit of the
 * function (iterations; passes times slices). It must be quick: the derivation waits for it.
 */
struct progress {
	void (*tell)(void *context, uint64_t done, uint64_t total);
	void *context;
};

#endif
