/* SPDX-License-Identifier: MIT */
/*
 * argon2_fill - the loop over one segment of Argon2's matrix (RFC 9106, 3.1 to 3.5),
 * inlined into each core, so that the block function and the loop are one piece of code
 * for one instruction set.
 *
 * What an unlock waits for is memory: the reference block lies anywhere. So it is fetched
 * ahead. Where the addresses do not depend on the data they are known two blocks before.
 * Where they do, the address of the next reference is word 0 of the block under way, and
 * that word is final when the first of its columns is: the core computes those first and
 * calls argon2_look_ahead, and the fetch runs while the other columns are computed.
 */
#ifndef CRYPTO_ARGON2_FILL_H
#define CRYPTO_ARGON2_FILL_H

#include "crypto/core.h"

enum { ARGON2_BLOCK_WORDS = 128, ARGON2_BLOCK_BYTES = 1024, ARGON2_SLICES = 4 };

/* y in 3.4.1.1: the type. */
enum { ARGON2_TYPE_I = 1, ARGON2_TYPE_ID = 2 };

/* Words in the machine's byte order, until the end. */
struct argon2_block {
	uint64_t w[ARGON2_BLOCK_WORDS];
} __attribute__((aligned(64)));

/* One derivation; the same for all threads. */
struct argon2_fill {
	struct argon2_block *matrix; /* lane behind lane */
	uint32_t type, passes, lanes;
	uint32_t segment_blocks, lane_blocks; /* lane_blocks: four segments */
	uint64_t lanes_inverse;               /* ceil(2^64 / lanes), modulo 2^64 */
};

struct argon2_place {
	uint32_t pass, slice, lane;
};

/* Working memory of one thread. */
struct argon2_scratch {
	struct argon2_block work; /* of the block function */
	struct argon2_block input, zero, middle;
	struct argon2_block addresses[2];
};

#define ARGON2_INLINE static inline __attribute__((always_inline))

/* Before a loop over an array that is meant to be registers; and on that array. */
#define ARGON2_UNROLL _Pragma("GCC unroll 16")
#define ARGON2_REGISTERS __attribute__((uninitialized))

/* Which blocks the one with index @i of a segment may refer to (3.4.1.1 and 3.4.2). */
struct argon2_window {
	const struct argon2_fill *fill;
	uint32_t lane;
	uint32_t lane_mask;   /* 0 when only the own lane may be referred to */
	uint32_t finished;    /* blocks of finished segments in reach */
	uint32_t start;       /* the oldest of them */
};

ARGON2_INLINE struct argon2_window argon2_window(const struct argon2_fill *f, const struct argon2_place *at)
{
	bool first = at->pass == 0;

	return (struct argon2_window){
		.fill = f,
		.lane = at->lane,
		.lane_mask = first && at->slice == 0 ? 0 : UINT32_MAX,
		.finished = first ? at->slice * f->segment_blocks : f->lane_blocks - f->segment_blocks,
		.start = first || at->slice == ARGON2_SLICES - 1 ? 0 : (at->slice + 1) * f->segment_blocks,
	};
}

/*
 * The block that @pseudo_random points to from index @i. No division: x mod lanes is the
 * upper half of (x / lanes mod 1) * lanes, which is exact for 32-bit x and lanes (Lemire,
 * Kaser, Kurz 2019).
 */
ARGON2_INLINE const struct argon2_block *argon2_reference(const struct argon2_window *w, uint64_t pseudo_random,
	uint32_t i)
{
	const struct argon2_fill *f = w->fill;
	uint64_t fraction = f->lanes_inverse * (pseudo_random >> 32);
	uint64_t high = (fraction >> 32) * f->lanes, low = (fraction & UINT32_MAX) * f->lanes;
	uint32_t other = (uint32_t)((high + (low >> 32)) >> 32);
	uint32_t lane = (other & w->lane_mask) | (w->lane & ~w->lane_mask);
	/* The own lane adds what this segment has already, less the block just written. */
	uint32_t area = w->finished + (lane == w->lane ? i - 1 : -(uint32_t)(i == 0));
	uint64_t x = (uint32_t)pseudo_random;
	uint32_t back = (uint32_t)((uint64_t)area * (x * x >> 32) >> 32);
	uint32_t index = w->start + (area - 1 - back);

	index -= index >= f->lane_blocks ? f->lane_blocks : 0;
	return &f->matrix[(size_t)lane * f->lane_blocks + index];
}

ARGON2_INLINE void argon2_prefetch(const struct argon2_block *b)
{
	for (int i = 0; i < ARGON2_BLOCK_BYTES; i += 64)
		__builtin_prefetch((const char *)b + i);
}

/* What a core needs to know of the block after the one under way; window NULL: not its business. */
struct argon2_ahead {
	const struct argon2_window *window;
	uint32_t index;
	const struct argon2_block *reference; /* found by argon2_look_ahead */
};

/* Word 0 of the new block is final. */
ARGON2_INLINE void argon2_look_ahead(struct argon2_ahead *a, uint64_t word0)
{
	if (!a->window)
		return;
	a->reference = argon2_reference(a->window, word0, a->index);
	argon2_prefetch(a->reference);
}

/* One block: @next = G(@prev, @ref), added to what was there when @with_old (3.5 and step 6 of 3.2). */
typedef void argon2_block_fn(struct argon2_block *next, const struct argon2_block *prev,
	const struct argon2_block *ref, bool with_old, struct argon2_ahead *ahead, struct argon2_scratch *s);

/* The next 128 addresses, at @out (3.4.1.2). */
ARGON2_INLINE void argon2_addresses(argon2_block_fn *block, struct argon2_block *out, struct argon2_scratch *s)
{
	struct argon2_ahead none = {0};

	s->input.w[6]++;
	block(&s->middle, &s->zero, &s->input, false, &none, s);
	block(out, &s->zero, &s->middle, false, &none, s);
}

/* Addresses that do not depend on the data; @i is the first index to fill. */
ARGON2_INLINE void argon2_fill_known(argon2_block_fn *block, const struct argon2_window *w,
	const struct argon2_place *at, uint32_t i, struct argon2_block *next, const struct argon2_block *prev,
	struct argon2_scratch *s)
{
	enum { AHEAD = 2 };
	const struct argon2_fill *f = w->fill;
	const struct argon2_block *ref[AHEAD];
	struct argon2_ahead none = {0};

	s->input.w[0] = at->pass;
	s->input.w[1] = at->lane;
	s->input.w[2] = at->slice;
	s->input.w[3] = (uint64_t)f->lanes * f->lane_blocks;
	s->input.w[4] = f->passes;
	s->input.w[5] = f->type;
	s->input.w[6] = 0;
	argon2_addresses(block, &s->addresses[0], s);
	for (uint32_t k = 0; k < AHEAD; k++)
		ref[k] = argon2_reference(w, s->addresses[0].w[i + k], i + k);
	for (; i < f->segment_blocks; i++) {
		const struct argon2_block *now = ref[0];
		uint32_t later = i + AHEAD;

		if (later % ARGON2_BLOCK_WORDS == 0 && later < f->segment_blocks)
			argon2_addresses(block, &s->addresses[later / ARGON2_BLOCK_WORDS % 2], s);
		ref[0] = ref[1];
		if (later < f->segment_blocks) {
			ref[1] = argon2_reference(w,
				s->addresses[later / ARGON2_BLOCK_WORDS % 2].w[later % ARGON2_BLOCK_WORDS], later);
			argon2_prefetch(ref[1]);
		}
		block(next, prev, now, at->pass > 0, &none, s);
		prev = next++;
	}
}

/* Addresses that are the first word of the block before. */
ARGON2_INLINE void argon2_fill_dependent(argon2_block_fn *block, const struct argon2_window *w,
	const struct argon2_place *at, uint32_t i, struct argon2_block *next, const struct argon2_block *prev,
	struct argon2_scratch *s)
{
	uint32_t n = w->fill->segment_blocks;
	struct argon2_ahead ahead = {.window = w, .reference = argon2_reference(w, prev->w[0], i)};

	for (; i < n; i++) {
		/* Behind the last block of a segment there is nothing that could be known yet. */
		if (i + 1 == n)
			ahead.window = NULL;
		ahead.index = i + 1;
		block(next, prev, ahead.reference, at->pass > 0, &ahead, s);
		prev = next++;
	}
}

ARGON2_INLINE void argon2_segment(argon2_block_fn *block, const struct argon2_fill *f,
	const struct argon2_place *at, struct argon2_scratch *s)
{
	const struct argon2_window w = argon2_window(f, at);
	struct argon2_block *lane = &f->matrix[(size_t)at->lane * f->lane_blocks];
	struct argon2_block *next = &lane[at->slice * f->segment_blocks], *prev = next - 1;
	uint32_t first = 0;

	if (at->pass == 0 && at->slice == 0) {
		/* The first two come from the password. */
		first = 2;
		next += first;
		prev = next - 1;
	} else if (at->slice == 0) {
		prev = &lane[f->lane_blocks - 1];
	}
	if (f->type == ARGON2_TYPE_I || (at->pass == 0 && at->slice < ARGON2_SLICES / 2))
		argon2_fill_known(block, &w, at, first, next, prev, s);
	else
		argon2_fill_dependent(block, &w, at, first, next, prev, s);
}

#endif
