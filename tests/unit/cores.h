/* SPDX-License-Identifier: MIT */
/* cores - each of the implementations of hashes and Argon2 that this processor can run. */
#ifndef UNIT_CORES_H
#define UNIT_CORES_H

#include "unit.h"
#include "crypto/core.h"

/*
 * Call @f for each processor that this one can pretend to be: with none of the features that have a name,
 * with the first one, with the first two, up to all of them.
 */
static inline void cores_each(void (*f)(const void *arg), const void *arg)
{
	char chosen[256], before[256] = "?";

	for (unsigned i = 0;; i++) {
		core_choose((1u << i) - 1);
		core_features(chosen, sizeof(chosen));
		if (strcmp(chosen, before))
			f(arg);
		strcpy(before, chosen);
		if (!arch.features[i])
			break;
	}
	core_choose(CORE_ALL_FEATURES);
}

#endif
