/* SPDX-License-Identifier: MIT */
/*
 * sha512_vector - SHA-512 with the message schedule in vectors of two words and the
 * rounds on general registers, so that the two run in parallel. The file that
 * includes it defines TARGET, and ror(v, n), which rotates the words of a vector.
 */
#include "crypto/sha_rounds.h"

/* W[t+16] and W[t+17] in place of W[t] and W[t+1], for t = 2 * i (FIPS 180-4, 6.4.2). */
TARGET_INLINE void schedule(v2 x[8], int i)
{
	v2 x7 = x[(i + 7) & 7];
	v2 w1 = __builtin_shufflevector(x[i], x[(i + 1) & 7], 1, 2);
	v2 w9 = __builtin_shufflevector(x[(i + 4) & 7], x[(i + 5) & 7], 1, 2);

	x[i] += w9 + xor3(ror(w1, 1), ror(w1, 8), w1 >> 7) + xor3(ror(x7, 19), ror(x7, 61), x7 >> 6);
}

/* Two rounds on W + K in @wk, which are replaced by those of sixteen rounds later, if there are any. */
#define TWO_ROUNDS(a, b, c, d, e, f, g, h, i)                                                                \
	do {                                                                                                 \
		uint64_t first = wk[2 * (i)], second = wk[2 * (i) + 1];                                      \
		SHA512_ROUND(a, b, c, d, e, f, g, h, first);                                                 \
		if (k != end)                                                                                \
			schedule(x, i);                                                                      \
		SHA512_ROUND(h, a, b, c, d, e, f, g, second);                                                \
		if (k != end)                                                                                \
			*(v2 *)(wk + 2 * (i)) = x[i] + k[i];                                                 \
	} while (0)

/* Sixteen rounds in an iteration: with eight, the moves between the vectors cost a tenth of the time. */
TARGET static CORE_PART void block(uint64_t *s, uint64_t *w)
{
	const v2 *k = (const v2 *)sha512_k, *end = k + 40;
	uint64_t wk[16] __attribute__((aligned(16), uninitialized));
	v2 x[8] __attribute__((uninitialized));

	SHA_LOAD(uint64_t, s);
	for (int i = 0; i < 8; i++) {
		__builtin_memcpy(&x[i], w + 2 * i, sizeof(x[i]));
		*(v2 *)(wk + 2 * i) = x[i] + k[i];
	}
#pragma GCC unroll 1
	do {
		k += 8;
		TWO_ROUNDS(a, b, c, d, e, f, g, h, 0);
		TWO_ROUNDS(g, h, a, b, c, d, e, f, 1);
		TWO_ROUNDS(e, f, g, h, a, b, c, d, 2);
		TWO_ROUNDS(c, d, e, f, g, h, a, b, 3);
		TWO_ROUNDS(a, b, c, d, e, f, g, h, 4);
		TWO_ROUNDS(g, h, a, b, c, d, e, f, 5);
		TWO_ROUNDS(e, f, g, h, a, b, c, d, 6);
		TWO_ROUNDS(c, d, e, f, g, h, a, b, 7);
	} while (k != end);
	SHA_ADD(s);
}

SHA_LOOPS(sha512, block)
