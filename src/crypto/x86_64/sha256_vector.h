/* SPDX-License-Identifier: MIT */
/*
 * sha256_vector - SHA-256 with the message schedule in vectors of four words and the
 * rounds on general registers, so that the two run in parallel. The file that
 * includes it defines TARGET, the instruction set that both are compiled for.
 */
#include "crypto/sha_rounds.h"
#include "crypto/x86_64/x86.h"
#include <immintrin.h>

#define TARGET_INLINE TARGET SHA_INLINE

typedef uint32_t v4 __attribute__((vector_size(16)));
typedef uint64_t v2 __attribute__((vector_size(16)));

/* s1 of the two words w and w', given as w w w' w': shifting the pairs as 64 bits turns the lower half. */
TARGET_INLINE v4 s1_pairs(v4 twice)
{
	v2 wide = (v2)twice;

	return (v4)(wide >> 17) ^ (v4)(wide >> 19) ^ twice >> 10;
}

/* W[t+16] to W[t+19] in place of W[t] to W[t+3], for t = 4 * i (FIPS 180-4, 6.2.2). */
TARGET_INLINE void schedule(v4 x[4], int i)
{
	v4 x0 = x[i], x1 = x[(i + 1) & 3], x2 = x[(i + 2) & 3], x3 = x[(i + 3) & 3], low, high;
	v4 w1 = __builtin_shufflevector(x0, x1, 1, 2, 3, 4);
	v4 w9 = __builtin_shufflevector(x2, x3, 1, 2, 3, 4);

	x0 += w9 + (w1 >> 7 ^ w1 << 25 ^ w1 >> 18 ^ w1 << 14 ^ w1 >> 3);
	low = s1_pairs(__builtin_shufflevector(x3, x3, 2, 2, 3, 3));
	x0 += __builtin_shufflevector(low, (v4){0}, 0, 2, 4, 4);
	high = s1_pairs(__builtin_shufflevector(x0, x0, 0, 0, 1, 1));
	x[i] = x0 + __builtin_shufflevector(high, (v4){0}, 4, 4, 0, 2);
}

/* Four rounds on W + K in @wk; then the vector they used is replaced by that of four iterations later. */
#define FOUR_ROUNDS(a, b, c, d, e, f, g, h, i)                                                               \
	do {                                                                                                 \
		SHA256_ROUND(a, b, c, d, e, f, g, h, wk[4 * (i)]);                                           \
		SHA256_ROUND(h, a, b, c, d, e, f, g, wk[4 * (i) + 1]);                                       \
		SHA256_ROUND(g, h, a, b, c, d, e, f, wk[4 * (i) + 2]);                                       \
		SHA256_ROUND(f, g, h, a, b, c, d, e, wk[4 * (i) + 3]);                                       \
		if (more)                                                                                    \
			schedule(x, i);                                                                      \
	} while (0)

/* Eight rounds in an iteration: as fast as sixteen, since the moves cost nothing, and half of the code.
 */
TARGET static CORE_PART void block(uint32_t *s, uint32_t *w)
{
	const v4 *k = (const v4 *)sha256_k, *end = k + 16;
	uint32_t wk[8] __attribute__((aligned(16), uninitialized));
	v4 x[4] __attribute__((uninitialized));

	SHA_LOAD(uint32_t, s);
	for (int i = 0; i < 4; i++)
		__builtin_memcpy(&x[i], w + 4 * i, sizeof(x[i]));
#pragma GCC unroll 1
	while (k != end) {
		const bool more = k < end - 4;

		for (int i = 0; i < 2; i++)
			*(v4 *)(wk + 4 * i) = x[i] + k[i];
		k += 2;
		FOUR_ROUNDS(a, b, c, d, e, f, g, h, 0);
		FOUR_ROUNDS(e, f, g, h, a, b, c, d, 1);
		for (int i = 0; i < 2; i++) {
			v4 later = x[i];

			x[i] = x[i + 2];
			x[i + 2] = later;
		}
	}
	SHA_ADD(s);
}

SHA_LOOPS(sha256, block)
