/* SPDX-License-Identifier: MIT */
/* features - processor features by name, for tests that pretend to run on a lesser processor. */
#ifndef UNIT_FEATURES_H
#define UNIT_FEATURES_H

#include "crypto/core.h"
#include <string.h>

/* The bits of those features of this architecture that @list names ("avx2,sha"), for core_choose. */
static inline unsigned features_named(const char *list)
{
	unsigned found = 0;

	for (; *list; list += *list == ',') {
		size_t len = strcspn(list, ",");

		for (unsigned i = 0; arch.features[i]; i++)
			if (strlen(arch.features[i]) == len && !memcmp(list, arch.features[i], len))
				found |= 1u << i;
		list += len;
	}
	return found;
}

#endif
