/* SPDX-License-Identifier: MIT */
/*
 * argon2_fill - the loop over one segment of Argon2's matrix (RFC 9106, 3.1 to 3.5), and
 * what it shares with the cores, which compute one block.
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
	uint32_t lane_mask; /* 0 when only the own lane may be referred to */
	uint32_t finished;  /* blocks of finished segments in reach */
	uint32_t start;     /* the oldest of them */
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
ARGON2_INLINE const struct argon2_block *argon2_reference(const struct argon2_window *w,
	uint64_t pseudo_random, uint32_t i)
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

/* Fill one lane of one slice of one pass with @core (RFC 9106, 3.2, step 5 and 6). */
void argon2_segment(const struct argon2_core *core, const struct argon2_fill *f,
	const struct argon2_place *at, struct argon2_scratch *s);

#endif
