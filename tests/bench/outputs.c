/* SPDX-License-Identifier: MIT */
/*
 * outputs - nanoseconds of one iteration of PBKDF2 for one to four outputs at once, for each core of this
 * processor: what struct hash_core's `together` says.
 */
#include "crypto/core.h"
#include <stdio.h>
#include <time.h>

enum { OUTPUTS = 4, ROUNDS = 2000, REPEATS = 400 };

static int64_t ns_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The best of many, each number of outputs in turn: other work of the machine only adds. */
static void measure(const struct hash_core *core, int64_t best[OUTPUTS])
{
	static uint64_t inner[8], outer[8], u[OUTPUTS * 8], t[OUTPUTS * 8];

	for (int repeat = 0; repeat < REPEATS; repeat++)
		for (unsigned n = 1; n <= OUTPUTS; n++) {
			int64_t before = ns_now(), spent;

			core->iterate(inner, outer, u, t, n, ROUNDS);
			spent = (ns_now() - before) / ROUNDS;
			if (!repeat || spent < best[n - 1])
				best[n - 1] = spent;
		}
}

int main(void)
{
	static const char *const names[] = {"SHA-1", "SHA-256", "SHA-512"};
	unsigned features = arch.detect();
	int64_t best[OUTPUTS];

	puts("ns an iteration, for 1, 2, 3 and 4 outputs on one processor");
	for (int h = 0; h < CORE_HASHES; h++)
		for (const struct hash_core *const *core = arch.hashes[h]; *core; core++) {
			if ((*core)->needs & ~features)
				continue;
			measure(*core, best);
			printf("%-8s %-16s %7lld %7lld %7lld %7lld\n", names[h], (*core)->name,
				(long long)best[0], (long long)best[1], (long long)best[2],
				(long long)best[3]);
		}
	return 0;
}
