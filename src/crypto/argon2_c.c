/* SPDX-License-Identifier: MIT */
/* argon2_c - Argon2's block function in plain C, not unrolled: also for small instruction caches. */
#include "crypto/argon2_c.h"

/* Pairs of words share one load or store where a processor has such. */
#define LOOP _Pragma("GCC unroll 4")

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

/* P (RFC 9106, 3.6); v(i) is the address of word i. */
#define PERMUTE(v)                                                                                           \
	do {                                                                                                 \
		mix(v(0), v(4), v(8), v(12));                                                                \
		mix(v(1), v(5), v(9), v(13));                                                                \
		mix(v(2), v(6), v(10), v(14));                                                               \
		mix(v(3), v(7), v(11), v(15));                                                               \
		mix(v(0), v(5), v(10), v(15));                                                               \
		mix(v(1), v(6), v(11), v(12));                                                               \
		mix(v(2), v(7), v(8), v(13));                                                                \
		mix(v(3), v(4), v(9), v(14));                                                                \
	} while (0)
#define IN_REGISTERS(i) &v[i]
#define IN_MEMORY(i) &words[(i) / 2 * step + (i) % 2]

/* P on eight pairs of words that lie @step words apart. */
static CORE_PART void permute_in_registers(uint64_t *words, size_t step)
{
	uint64_t v[16] ARGON2_REGISTERS, *pair = words;

	ARGON2_UNROLL
	for (size_t i = 0; i < 16; i += 2, pair += step) {
		v[i] = pair[0];
		v[i + 1] = pair[1];
	}
	PERMUTE(IN_REGISTERS);
	pair = words;
	ARGON2_UNROLL
	for (size_t i = 0; i < 16; i += 2, pair += step) {
		pair[0] = v[i];
		pair[1] = v[i + 1];
	}
}

ARGON2_INLINE void permute_in_memory(uint64_t *words, size_t step)
{
	PERMUTE(IN_MEMORY);
}

static CORE_PART void row_in_memory(uint64_t *words)
{
	permute_in_memory(words, 2);
}

static CORE_PART void column_in_memory(uint64_t *words)
{
	permute_in_memory(words, 16);
}

/*
 * Sixteen words do not fit into the registers of a 32-bit processor: a copy of them would be one on the
 * stack, and costs more instructions than it saves (tests/bench/targets.py).
 */
static inline void row(uint64_t *words)
{
	if (sizeof(size_t) >= sizeof(uint64_t))
		permute_in_registers(words, 2);
	else
		row_in_memory(words);
}

static inline void column(uint64_t *words)
{
	if (sizeof(size_t) >= sizeof(uint64_t))
		permute_in_registers(words, 16);
	else
		column_in_memory(words);
}

static CORE_PART void fill_block(block *next, const block *prev, const block *ref, bool with_old,
	struct argon2_ahead *ahead, struct argon2_scratch *s)
{
	uint64_t *q = s->work.v;

	/* R stays in @next, with the old content, and Q is added to it. */
	if (!with_old)
		init_block_value(next, 0);
	LOOP for (int i = 0; i < ARGON2_QWORDS_IN_BLOCK; i++)
	{
		q[i] = prev->v[i] ^ ref->v[i];
		next->v[i] ^= q[i];
	}
	for (int i = 0; i < 8; i++)
		row(q + 16 * i);
	column(q);
	argon2_look_ahead(ahead, next->v[0] ^ q[0]);
	for (int i = 1; i < 8; i++)
		column(q + 2 * i);
	LOOP for (int i = 0; i < ARGON2_QWORDS_IN_BLOCK; i++) next->v[i] ^= q[i];
}

const struct argon2_core argon2_c = {"C", 0, fill_block};
