/* SPDX-License-Identifier: MIT */
/*
 * argon2_sse - what lies around the permutation in Argon2's block function: the way of
 * two rows, then of two columns, into the halves of sixteen vectors, by an exchange of halves.
 */
#include "crypto/argon2_fill.h"
#include "crypto/x86_64/x86.h"
#include <immintrin.h>

typedef __m128i v2;

ARGON2_INLINE void exchange(v2 x, v2 y, v2 *low, v2 *high)
{
	*low = _mm_unpacklo_epi64(x, y);
	*high = _mm_unpackhi_epi64(x, y);
}

/* Rows 2 * @pair and the next; afterwards q[] has, for each pair of columns, words 4 * pair to 4 * pair + 3.
 */
ARGON2_INLINE void two_rows(void (*permute)(v2 v[16]), const v2 *p, const v2 *r, v2 *q, int pair)
{
	v2 v[16] ARGON2_REGISTERS;

#pragma GCC unroll 1
	for (int k = 0; k < 8; k++)
		exchange(_mm_xor_si128(p[16 * pair + k], r[16 * pair + k]),
			_mm_xor_si128(p[16 * pair + 8 + k], r[16 * pair + 8 + k]), &v[2 * k], &v[2 * k + 1]);
	permute(v);
#pragma GCC unroll 1
	for (int k = 0; k < 4; k++)
		ARGON2_UNROLL
	for (int b = 0; b < 2; b++)
		exchange(v[4 * k + b], v[4 * k + 2 + b], &q[16 * k + 4 * pair + b],
			&q[16 * k + 4 * pair + 2 + b]);
}

CORE_PART void argon2_sse_block(void (*permute)(v2 v[16]), struct argon2_block *next,
	const struct argon2_block *prev, const struct argon2_block *ref, bool with_old,
	struct argon2_ahead *ahead, struct argon2_scratch *s)
{
	v2 *q = (v2 *)s->work.w, *n = (v2 *)next->w;
	const v2 *p = (const v2 *)prev->w, *r = (const v2 *)ref->w;

#pragma GCC unroll 1
	for (int pair = 0; pair < 4; pair++)
		two_rows(permute, p, r, q, pair);
#pragma GCC unroll 1
	for (int i = 0; i < 4; i++) {
		v2 *v = q + 16 * i;

		/* Words 4i and 4i+1 of a row, then 4i+2 and 4i+3: one column in each half, vectors 2i and
		 * 2i+1. */
		permute(v);
#pragma GCC unroll 1
		for (int k = 0; k < 8; k++) {
			v2 *to = &n[8 * k + 2 * i];
			v2 x[2] ARGON2_REGISTERS;

			exchange(v[2 * k], v[2 * k + 1], &x[0], &x[1]);
			ARGON2_UNROLL
			for (int b = 0; b < 2; b++) {
				int at = 8 * k + 2 * i + b;

				x[b] = _mm_xor_si128(x[b], _mm_xor_si128(p[at], r[at]));
				if (with_old)
					x[b] = _mm_xor_si128(x[b], to[b]);
			}
			if (i == 0 && k == 0)
				argon2_look_ahead(ahead, (uint64_t)_mm_cvtsi128_si64(x[0]));
			to[0] = x[0];
			to[1] = x[1];
		}
	}
}
