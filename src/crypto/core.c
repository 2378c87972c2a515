/* SPDX-License-Identifier: MIT */
/* core - see core.h. */
#include "crypto/core.h"
#include <string.h>

/* Chosen before any thread is started; afterwards only read. */
static struct {
	bool chosen;
	unsigned features;
	const struct hash_core *hashes[CORE_HASHES];
	const struct argon2_core *argon2;
} core;

void core_choose(unsigned features)
{
	core.features = arch.detect() & features;
	for (int h = 0; h < CORE_HASHES; h++) {
		const struct hash_core *const *c = arch.hashes[h];

		while ((*c)->needs & ~core.features)
			c++;
		core.hashes[h] = *c;
	}
	core.argon2 = arch.argon2[0];
	for (int i = 0; core.argon2->needs & ~core.features; i++)
		core.argon2 = arch.argon2[i + 1];
	core.chosen = true;
}

static void choose(void)
{
	if (!core.chosen)
		core_choose(CORE_ALL_FEATURES);
}

const struct hash_core *core_hash(enum core_hash h)
{
	choose();
	return core.hashes[h];
}

const struct argon2_core *core_argon2(void)
{
	choose();
	return core.argon2;
}

bool core_has(unsigned features)
{
	choose();
	return !(features & ~core.features);
}

void core_features(char *out, size_t size)
{
	size_t used = 0;

	choose();
	out[0] = 0;
	for (unsigned i = 0; arch.features[i]; i++) {
		size_t len = strlen(arch.features[i]);

		if (!(core.features & 1u << i) || used + len + 2 > size)
			continue;
		if (used)
			out[used++] = ',';
		memcpy(out + used, arch.features[i], len + 1);
		used += len;
	}
}
