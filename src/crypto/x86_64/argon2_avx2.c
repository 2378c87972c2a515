/* SPDX-License-Identifier: MIT */
/*
 * argon2_avx2 - Argon2's block function with vectors of four words.
 *
 * The block is 8 rows of 16 words. A row is four vectors, v0-3, v4-7, v8-11, v12-15, and
 * the diagonal step rotates their words. Two columns are in one vector of each row, v2r and
 * v2r+1 of one column in its lower half, of the other in its upper half; so two vectors
 * hold v0-3 of both, and the diagonal step rotates words inside the halves of such a pair.
 */
#include "crypto/argon2_fill.h"
#include "crypto/x86_64/x86.h"
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi,bmi2")))
#define TARGET_INLINE TARGET ARGON2_INLINE

typedef __m256i v4;

TARGET_INLINE v4 add(v4 a, v4 b)
{
	v4 product = _mm256_mul_epu32(a, b);

	return _mm256_add_epi64(_mm256_add_epi64(a, b), _mm256_add_epi64(product, product));
}

TARGET_INLINE v4 ror24(v4 x)
{
	return _mm256_shuffle_epi8(x, _mm256_setr_epi8(3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10,
					      3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10));
}

TARGET_INLINE v4 ror16(v4 x)
{
	return _mm256_shuffle_epi8(x, _mm256_setr_epi8(2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9,
					      2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9));
}

TARGET_INLINE v4 ror63(v4 x)
{
	return _mm256_xor_si256(_mm256_srli_epi64(x, 63), _mm256_add_epi64(x, x));
}

/* The eight mixings of two vectors each of a, b, c and d, step by step on both. */
TARGET_INLINE void mix(v4 a[2], v4 b[2], v4 c[2], v4 d[2])
{
	ARGON2_UNROLL
	for (int i = 0; i < 2; i++)
		a[i] = add(a[i], b[i]);
	ARGON2_UNROLL
	for (int i = 0; i < 2; i++)
		d[i] = _mm256_shuffle_epi32(_mm256_xor_si256(d[i], a[i]), 0xb1);
	ARGON2_UNROLL
	for (int i = 0; i < 2; i++)
		c[i] = add(c[i], d[i]);
	ARGON2_UNROLL
	for (int i = 0; i < 2; i++)
		b[i] = ror24(_mm256_xor_si256(b[i], c[i]));
	ARGON2_UNROLL
	for (int i = 0; i < 2; i++)
		a[i] = add(a[i], b[i]);
	ARGON2_UNROLL
	for (int i = 0; i < 2; i++)
		d[i] = ror16(_mm256_xor_si256(d[i], a[i]));
	ARGON2_UNROLL
	for (int i = 0; i < 2; i++)
		c[i] = add(c[i], d[i]);
	ARGON2_UNROLL
	for (int i = 0; i < 2; i++)
		b[i] = ror63(_mm256_xor_si256(b[i], c[i]));
}

/* Two rows, four vectors each. */
TARGET_INLINE void two_rows(v4 a[2], v4 b[2], v4 c[2], v4 d[2])
{
	mix(a, b, c, d);
	ARGON2_UNROLL
	for (int i = 0; i < 2; i++) {
		b[i] = _mm256_permute4x64_epi64(b[i], 0x39);
		c[i] = _mm256_permute4x64_epi64(c[i], 0x4e);
		d[i] = _mm256_permute4x64_epi64(d[i], 0x93);
	}
	mix(a, b, c, d);
	ARGON2_UNROLL
	for (int i = 0; i < 2; i++) {
		b[i] = _mm256_permute4x64_epi64(b[i], 0x93);
		c[i] = _mm256_permute4x64_epi64(c[i], 0x4e);
		d[i] = _mm256_permute4x64_epi64(d[i], 0x39);
	}
}

/* v0 v1 | v2 v3 to v1 v2 | v3 v0, and back. */
TARGET_INLINE void turn_left(v4 x[2])
{
	v4 first = _mm256_alignr_epi8(x[1], x[0], 8);

	x[1] = _mm256_alignr_epi8(x[0], x[1], 8);
	x[0] = first;
}

TARGET_INLINE void turn_right(v4 x[2])
{
	v4 first = _mm256_alignr_epi8(x[0], x[1], 8);

	x[1] = _mm256_alignr_epi8(x[1], x[0], 8);
	x[0] = first;
}

TARGET_INLINE void swap(v4 x[2])
{
	v4 first = x[0];

	x[0] = x[1];
	x[1] = first;
}

TARGET_INLINE void two_columns(v4 a[2], v4 b[2], v4 c[2], v4 d[2])
{
	mix(a, b, c, d);
	turn_left(b);
	swap(c);
	turn_right(d);
	mix(a, b, c, d);
	turn_right(b);
	swap(c);
	turn_left(d);
}

TARGET static CORE_PART void fill_block(block *next, const block *prev, const block *ref, bool with_old,
	struct argon2_ahead *ahead, struct argon2_scratch *s)
{
	v4 *q = (v4 *)s->work.v, *n = (v4 *)next->v;
	const v4 *p = (const v4 *)prev->v, *r = (const v4 *)ref->v;

#pragma GCC unroll 1
	for (int i = 0; i < 32; i += 8) {
		v4 x[8] ARGON2_REGISTERS;

		ARGON2_UNROLL
		for (int k = 0; k < 8; k++)
			x[k / 4 + k % 4 * 2] = _mm256_xor_si256(p[i + k], r[i + k]);
		two_rows(x, x + 2, x + 4, x + 6);
		ARGON2_UNROLL
		for (int k = 0; k < 8; k++)
			q[i + k] = x[k / 4 + k % 4 * 2];
	}
#pragma GCC unroll 1
	for (int i = 0; i < 4; i++) {
		v4 x[8] ARGON2_REGISTERS;

		ARGON2_UNROLL
		for (int k = 0; k < 8; k++)
			x[k] = q[i + 4 * k];
		two_columns(x, x + 2, x + 4, x + 6);
		ARGON2_UNROLL
		for (int k = 0; k < 8; k++)
			x[k] = _mm256_xor_si256(x[k], _mm256_xor_si256(p[i + 4 * k], r[i + 4 * k]));
		if (with_old)
			ARGON2_UNROLL
		for (int k = 0; k < 8; k++)
			x[k] = _mm256_xor_si256(x[k], n[i + 4 * k]);
		if (i == 0)
			argon2_look_ahead(ahead, (uint64_t)_mm_cvtsi128_si64(_mm256_castsi256_si128(x[0])));
		ARGON2_UNROLL
		for (int k = 0; k < 8; k++)
			n[i + 4 * k] = x[k];
	}
}

const struct argon2_core argon2_avx2 = {"AVX2", X86_AVX2, fill_block};
