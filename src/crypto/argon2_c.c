/* SPDX-License-Identifier: MIT */
/* argon2_c - Argon2's block function in plain C, not unrolled: also for small instruction caches. */
#include "crypto/argon2_c.h"

static inline uint64_t ror(uint64_t x, int n)
{
	return x >> n | x << (64 - n);
}

/* a + b + 2 * low(a) * low(b) (RFC 9106, 3.6). */
static inline uint64_t add(uint64_t a, uint64_t b)
{
	return a + b + 2 * ((a & UINT32_MAX) * (b & UINT32_MAX));
}

ARGON2_INLINE void mix(uint64_t *a, uint64_t *b, uint64_t *c, uint64_t *d)
{
	*a = add(*a, *b);
	*d = ror(*d ^ *a, 32);
	*c = add(*c, *d);
	*b = ror(*b ^ *c, 24);
	*a = add(*a, *b);
	*d = ror(*d ^ *a, 16);
	*c = add(*c, *d);
	*b = ror(*b ^ *c, 63);
}

/* P on eight pairs of words that lie @step words apart. */
static CORE_PART void permute(uint64_t *words, size_t step)
{
	uint64_t v[16] ARGON2_REGISTERS;

	ARGON2_UNROLL
	for (size_t i = 0; i < 16; i++)
		v[i] = words[i / 2 * step + i % 2];
	mix(&v[0], &v[4], &v[8], &v[12]);
	mix(&v[1], &v[5], &v[9], &v[13]);
	mix(&v[2], &v[6], &v[10], &v[14]);
	mix(&v[3], &v[7], &v[11], &v[15]);
	mix(&v[0], &v[5], &v[10], &v[15]);
	mix(&v[1], &v[6], &v[11], &v[12]);
	mix(&v[2], &v[7], &v[8], &v[13]);
	mix(&v[3], &v[4], &v[9], &v[14]);
	ARGON2_UNROLL
	for (size_t i = 0; i < 16; i++)
		words[i / 2 * step + i % 2] = v[i];
}

static CORE_PART void fill_block(block *next, const block *prev, const block *ref, bool with_old,
	struct argon2_ahead *ahead, struct argon2_scratch *s)
{
	const uint64_t old = with_old ? UINT64_MAX : 0;
	uint64_t *q = s->work.v;

	/* R stays in @next, with the old content, and Q is added to it. */
	for (int i = 0; i < ARGON2_QWORDS_IN_BLOCK; i++) {
		q[i] = prev->v[i] ^ ref->v[i];
		next->v[i] = q[i] ^ (next->v[i] & old);
	}
	for (int row = 0; row < 8; row++)
		permute(q + 16 * row, 2);
	permute(q, 16);
	argon2_look_ahead(ahead, next->v[0] ^ q[0]);
	for (int column = 1; column < 8; column++)
		permute(q + 2 * column, 16);
	for (int i = 0; i < ARGON2_QWORDS_IN_BLOCK; i++)
		next->v[i] ^= q[i];
}

const struct argon2_core argon2_c = {"C", 0, fill_block};
