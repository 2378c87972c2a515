/* SPDX-License-Identifier: MIT */
/*
 * sha512_vector - SHA-512 with the message schedule in vectors of two words and the
 * rounds on general registers, so that the two run beside each other. The file that
 * includes it names TARGET, and how that turns the words of a vector: ror(v, n).
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

/*
 * Two rounds on W + K in @wk, where those of eight rounds later take their place; and the vector that they
 * used becomes the one of sixteen rounds later.
 */
#define TWO_ROUNDS(a, b, c, d, e, f, g, h, i)                                                                \
	do {                                                                                                 \
		SHA512_ROUND(a, b, c, d, e, f, g, h, wk[2 * (i)]);                                           \
		SHA512_ROUND(h, a, b, c, d, e, f, g, wk[2 * (i) + 1]);                                       \
		if (k != end) {                                                                              \
			*(v2 *)(wk + 2 * (i)) = x[(i) + 4] + k[i];                                           \
			schedule(x, i);                                                                      \
		}                                                                                            \
	} while (0)

/* Eight rounds to a turn; sixteen would save the moves, and take twice the code. */
TARGET static CORE_PART void block(uint64_t *s, uint64_t *w)
{
	const v2 *k = (const v2 *)sha512_k, *end = k + 40;
	uint64_t wk[8] __attribute__((aligned(16), uninitialized));
	v2 x[8] __attribute__((uninitialized));

	SHA_LOAD(uint64_t, s);
	for (int i = 0; i < 8; i++)
		__builtin_memcpy(&x[i], w + 2 * i, sizeof(x[i]));
	for (int i = 0; i < 4; i++)
		*(v2 *)(wk + 2 * i) = x[i] + k[i];
#pragma GCC unroll 1
	do {
		k += 4;
		TWO_ROUNDS(a, b, c, d, e, f, g, h, 0);
		TWO_ROUNDS(g, h, a, b, c, d, e, f, 1);
		TWO_ROUNDS(e, f, g, h, a, b, c, d, 2);
		TWO_ROUNDS(c, d, e, f, g, h, a, b, 3);
		for (int i = 0; i < 4; i++) {
			v2 later = x[i];

			x[i] = x[i + 4];
			x[i + 4] = later;
		}
	} while (k != end);
	SHA_ADD(s);
}

SHA_LOOPS(sha512, block)
