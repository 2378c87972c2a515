/* SPDX-License-Identifier: MIT */
/*
 * argon2_sse - the permutation of Argon2's block function on vectors of two words.
 *
 * A vector holds the same word of two rows, or of two columns, so the diagonal steps only
 * name other vectors and turn no words. Sixteen vectors are all the registers there are,
 * so each mixing takes its four from memory.
 *
 * The file that includes this names TARGET and the rotations ror24 and ror16.
 */
#include "crypto/argon2_fill.h"
#include "crypto/x86_64/x86.h"

TARGET_INLINE v2 add(v2 a, v2 b)
{
	v2 product = _mm_mul_epu32(a, b);

	return _mm_add_epi64(_mm_add_epi64(a, b), _mm_add_epi64(product, product));
}

TARGET_INLINE v2 ror63(v2 x)
{
	return _mm_xor_si128(_mm_srli_epi64(x, 63), _mm_add_epi64(x, x));
}

TARGET_INLINE void mix(v2 *v, int ia, int ib, int ic, int id)
{
	v2 a = v[ia], b = v[ib], c = v[ic], d = v[id];

	a = add(a, b);
	d = _mm_shuffle_epi32(_mm_xor_si128(d, a), 0xb1);
	c = add(c, d);
	b = ror24(_mm_xor_si128(b, c));
	a = add(a, b);
	d = ror16(_mm_xor_si128(d, a));
	c = add(c, d);
	b = ror63(_mm_xor_si128(b, c));
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

TARGET static void block(struct argon2_block *next, const struct argon2_block *prev,
	const struct argon2_block *ref, bool with_old, struct argon2_ahead *ahead, struct argon2_scratch *s)
{
	argon2_sse_block(permute, next, prev, ref, with_old, ahead, s);
}
