/* SPDX-License-Identifier: MIT */
/*
 * wipe - what wiping Argon2's matrix costs: whole derivations with it and without, in turn.
 * Arguments: MiB, lanes, rounds. Prints the microseconds of both, a line for each round.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/core.h"

/* The code under measure asks this one for the wipe. */
static struct arch measured;
#define arch measured
#include "../../src/crypto/argon2_derive.c"
#undef arch

static void no_wipe(void *p, size_t len)
{
	(void)p;
	(void)len;
}

static int64_t microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t derivation(const struct kdf *kdf, void (*wipe_area)(void *, size_t))
{
	struct bytes secret = {"a passphrase", 12};
	uint8_t out[64];
	int64_t start = microseconds();

	measured.wipe_area = wipe_area;
	if (argon2_derive(kdf, secret, out, sizeof(out), NULL))
		exit(1);
	return microseconds() - start;
}

int main(int argc, char **argv)
{
	struct kdf kdf = {.kind = KDF_ARGON2ID, .iterations = 4, .salt_bytes = 32};

	if (argc != 4)
		return 1;
	kdf.memory_kib = (uint32_t)atoi(argv[1]) << 10;
	kdf.lanes = (uint32_t)atoi(argv[2]);
	measured = arch;
	derivation(&kdf, no_wipe);
	for (int i = 0; i < atoi(argv[3]); i++) {
		long long with = derivation(&kdf, arch.wipe_area);

		printf("%lld %lld\n", with, (long long)derivation(&kdf, no_wipe));
	}
	return 0;
}
