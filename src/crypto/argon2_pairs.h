/* SPDX-License-Identifier: MIT */
/*
 * argon2_pairs - Argon2's block function on vectors of two words (RFC 9106, 3.5 and 3.6).
 *
 * A vector holds the same word of two rows, or of two columns, so the diagonal steps only
 * use other vectors and rotate no words. There are sixteen vectors and no more registers,
 * so each mixing loads its four from memory.
 *
 * The file that includes this defines TARGET and TARGET_INLINE, and for each of the two
 * words: v2 product(v2 a, v2 b), of the lower halves; v2 ror32(v2), ror24, ror16, ror63.
 */
#include "crypto/argon2_fill.h"

TARGET_INLINE v2 add(v2 a, v2 b)
{
	v2 p = product(a, b);

	return a + b + p + p;
}

TARGET_INLINE void mix(v2 *v, int ia, int ib, int ic, int id)
{
	v2 a = v[ia], b = v[ib], c = v[ic], d = v[id];

	a = add(a, b);
	d = ror32(d ^ a);
	c = add(c, d);
	b = ror24(b ^ c);
	a = add(a, b);
	d = ror16(d ^ a);
	c = add(c, d);
	b = ror63(b ^ c);
	v[ia] = a, v[ib] = b, v[ic] = c, v[id] = d;
}

TARGET static CORE_PART void permute(v2 v[16])
{
	mix(v, 0, 4, 8, 12);
	mix(v, 1, 5, 9, 13);
	mix(v, 2, 6, 10, 14);
	mix(v, 3, 7, 11, 15);
	mix(v, 0, 5, 10, 15);
	mix(v, 1, 6, 11, 12);
	mix(v, 2, 7, 8, 13);
	mix(v, 3, 4, 9, 14);
}

TARGET_INLINE void exchange(v2 x, v2 y, v2 *low, v2 *high)
{
	*low = __builtin_shufflevector(x, y, 0, 2);
	*high = __builtin_shufflevector(x, y, 1, 3);
}

/* Rows 2 * @pair and the next; then q[] has, for each pair of columns, words 4 * pair to 4 * pair + 3. */
TARGET_INLINE void two_rows(const v2 *p, const v2 *r, v2 *q, int pair)
{
	v2 v[16] ARGON2_REGISTERS;

#pragma GCC unroll 1
	for (int k = 0; k < 8; k++)
		exchange(p[16 * pair + k] ^ r[16 * pair + k], p[16 * pair + 8 + k] ^ r[16 * pair + 8 + k],
			&v[2 * k], &v[2 * k + 1]);
	permute(v);
#pragma GCC unroll 1
	for (int k = 0; k < 4; k++)
		ARGON2_UNROLL
	for (int b = 0; b < 2; b++)
		exchange(v[4 * k + b], v[4 * k + 2 + b], &q[16 * k + 4 * pair + b],
			&q[16 * k + 4 * pair + 2 + b]);
}

TARGET static void fill_block(block *next, const block *prev, const block *ref, bool with_old,
	struct argon2_ahead *ahead, struct argon2_scratch *s)
{
	v2 *q = (v2 *)s->work.v, *n = (v2 *)next->v;
	const v2 *p = (const v2 *)prev->v, *r = (const v2 *)ref->v;

#pragma GCC unroll 1
	for (int pair = 0; pair < 4; pair++)
		two_rows(p, r, q, pair);
#pragma GCC unroll 1
	for (int i = 0; i < 4; i++) {
		v2 *v = q + 16 * i;

		/*
		 * Words 4i and 4i+1 of a row, then 4i+2 and 4i+3: a column in each half, vectors 2i and 2i+1.
		 */
		permute(v);
#pragma GCC unroll 1
		for (int k = 0; k < 8; k++) {
			v2 *to = &n[8 * k + 2 * i];
			v2 x[2] ARGON2_REGISTERS;

			exchange(v[2 * k], v[2 * k + 1], &x[0], &x[1]);
			ARGON2_UNROLL
			for (int b = 0; b < 2; b++) {
				int at = 8 * k + 2 * i + b;

				x[b] ^= p[at] ^ r[at];
				if (with_old)
					x[b] ^= to[b];
			}
			if (i == 0 && k == 0)
				argon2_look_ahead(ahead, x[0][0]);
			to[0] = x[0];
			to[1] = x[1];
		}
	}
}
