/* SPDX-License-Identifier: MIT */
/*
 * argon2_avx512 - Argon2's block function with vectors of eight words.
 *
 * A vector holds the same four words of two rows, row 2k below row 2k+1. So the row step
 * sees v0-3, v4-7, v8-11 and v12-15 of two rows in four vectors, and the column step finds
 * v0-3 and so on of two columns in the four vectors with the same words of all rows: the
 * step from rows to columns moves nothing. Only the diagonal steps rotate words.
 *
 * Unrolled, the block would fit into the registers. That would save a tenth of the computing, which the wait
 * for memory hides anyway, and cost 3.5 KiB of code.
 */
#include "crypto/argon2_fill.h"
#include "crypto/x86_64/x86.h"
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512vl,avx2,bmi,bmi2")))
#define TARGET_INLINE TARGET ARGON2_INLINE

typedef __m512i v8;

TARGET_INLINE v8 add(v8 a, v8 b)
{
	v8 product = _mm512_mul_epu32(a, b);

	return _mm512_add_epi64(_mm512_add_epi64(a, b), _mm512_add_epi64(product, product));
}

TARGET_INLINE void mix(v8 *a, v8 *b, v8 *c, v8 *d)
{
	*a = add(*a, *b);
	*d = _mm512_ror_epi64(_mm512_xor_si512(*d, *a), 32);
	*c = add(*c, *d);
	*b = _mm512_ror_epi64(_mm512_xor_si512(*b, *c), 24);
	*a = add(*a, *b);
	*d = _mm512_ror_epi64(_mm512_xor_si512(*d, *a), 16);
	*c = add(*c, *d);
	*b = _mm512_ror_epi64(_mm512_xor_si512(*b, *c), 63);
}

TARGET_INLINE void two_rows(v8 *a, v8 *b, v8 *c, v8 *d)
{
	mix(a, b, c, d);
	*b = _mm512_permutex_epi64(*b, 0x39);
	*c = _mm512_permutex_epi64(*c, 0x4e);
	*d = _mm512_permutex_epi64(*d, 0x93);
	mix(a, b, c, d);
	*b = _mm512_permutex_epi64(*b, 0x93);
	*c = _mm512_permutex_epi64(*c, 0x4e);
	*d = _mm512_permutex_epi64(*d, 0x39);
}

/* One column's v0-3 are the words 0, 1, 4, 5 of a vector, the other's 2, 3, 6, 7. */
TARGET_INLINE void two_columns(v8 *a, v8 *b, v8 *c, v8 *d)
{
	const v8 left = _mm512_setr_epi64(1, 4, 3, 6, 5, 0, 7, 2);
	const v8 right = _mm512_setr_epi64(5, 0, 7, 2, 1, 4, 3, 6);

	mix(a, b, c, d);
	*b = _mm512_permutexvar_epi64(left, *b);
	*c = _mm512_shuffle_i64x2(*c, *c, 0x4e);
	*d = _mm512_permutexvar_epi64(right, *d);
	mix(a, b, c, d);
	*b = _mm512_permutexvar_epi64(right, *b);
	*c = _mm512_shuffle_i64x2(*c, *c, 0x4e);
	*d = _mm512_permutexvar_epi64(left, *d);
}

/* Four words of row 2k and, above them, of row 2k+1; @at counts fours of words from row 2k. */
TARGET_INLINE v8 load(const block *b, int at)
{
	const __m256i *from = (const __m256i *)b->v + at;

	return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_load_si256(from)),
		_mm256_load_si256(from + 4), 1);
}

TARGET_INLINE void store(block *b, int at, v8 x)
{
	__m256i *to = (__m256i *)b->v + at;

	_mm256_store_si256(to, _mm512_castsi512_si256(x));
	_mm256_store_si256(to + 4, _mm512_extracti64x4_epi64(x, 1));
}

TARGET static CORE_PART void fill_block(block *next, const block *prev, const block *ref, bool with_old,
	struct argon2_ahead *ahead, struct argon2_scratch *s)
{
	v8 *q = (v8 *)s->work.v;

#pragma GCC unroll 1
	for (int i = 0; i < 4; i++) {
		v8 x[4] ARGON2_REGISTERS;

		ARGON2_UNROLL
		for (int k = 0; k < 4; k++)
			x[k] = _mm512_xor_si512(load(prev, 8 * i + k), load(ref, 8 * i + k));
		two_rows(&x[0], &x[1], &x[2], &x[3]);
		ARGON2_UNROLL
		for (int k = 0; k < 4; k++)
			q[4 * i + k] = x[k];
	}
#pragma GCC unroll 1
	for (int i = 0; i < 4; i++) {
		v8 x[4] ARGON2_REGISTERS;

		ARGON2_UNROLL
		for (int k = 0; k < 4; k++)
			x[k] = q[i + 4 * k];
		two_columns(&x[0], &x[1], &x[2], &x[3]);
		ARGON2_UNROLL
		for (int k = 0; k < 4; k++)
			x[k] = _mm512_ternarylogic_epi64(x[k], load(prev, 8 * k + i), load(ref, 8 * k + i),
				0x96);
		if (with_old)
			ARGON2_UNROLL
		for (int k = 0; k < 4; k++)
			x[k] = _mm512_xor_si512(x[k], load(next, 8 * k + i));
		if (i == 0)
			argon2_look_ahead(ahead, (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(x[0])));
		ARGON2_UNROLL
		for (int k = 0; k < 4; k++)
			store(next, 8 * k + i, x[k]);
	}
}

const struct argon2_core argon2_avx512 = {"AVX-512", X86_AVX512, fill_block};
