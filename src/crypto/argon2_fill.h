/* SPDX-License-Identifier: MIT */
/*
 * argon2_fill - phc-winner-argon2's fill_segment: fill one segment of the matrix (RFC 9106, 3.1 to 3.5);
 * and what it shares with the cores, which compute one block.
 *
 * The function is declared in the library's own src/core.h. There, ref.c and opt.c each define it; this
 * program links argon2_fill.c in their place. argon2_derive.h lists which other parts are the library's.
 *
 * The time is spent waiting for memory: the reference block may be anywhere. So it is fetched ahead. Where
 * the addresses do not depend on the data, they are known two blocks before. Where they do, the address of
 * the next reference is word 0 of the block in progress, and that word is final when the first of its
 * columns is: the core computes that column first and calls argon2_look_ahead, and the fetch runs while the
 * other columns are computed.
 */
#ifndef CRYPTO_ARGON2_FILL_H
#define CRYPTO_ARGON2_FILL_H

#include "crypto/core.h"
#include <argon2/src/core.h>

/* What a block needs besides its inputs. For vectors, all blocks are aligned to 64 bytes, the matrix too. */
struct argon2_scratch {
	block work __attribute__((aligned(64))); /* of the block function */
	block input, zero, middle;
	block addresses[2];
};

#define ARGON2_INLINE static inline __attribute__((always_inline))

/* Before a loop over an array that is meant to be registers; and on that array. */
#define ARGON2_UNROLL _Pragma("GCC unroll 16")
#define ARGON2_REGISTERS __attribute__((uninitialized))

/* Which blocks the one with index @i of a segment may refer to (3.4.1.1 and 3.4.2). */
struct argon2_window {
	const argon2_instance_t *instance;
	uint64_t lanes_inverse; /* ceil(2^64 / lanes), modulo 2^64 */
	uint32_t lane;
	uint32_t lane_mask; /* 0 when only the segment's own lane may be referred to */
	uint32_t finished;  /* blocks of finished segments in reach */
	uint32_t start;     /* the oldest of them */
};

ARGON2_INLINE struct argon2_window argon2_window(const argon2_instance_t *m, const argon2_position_t *at)
{
	bool first = at->pass == 0;

	return (struct argon2_window){
		.instance = m,
		.lanes_inverse = UINT64_MAX / m->lanes + 1,
		.lane = at->lane,
		.lane_mask = first && at->slice == 0 ? 0 : UINT32_MAX,
		.finished = first ? at->slice * m->segment_length : m->lane_length - m->segment_length,
		.start = first || at->slice == ARGON2_SYNC_POINTS - 1 ? 0
	                                                              : (at->slice + 1) * m->segment_length,
	};
}

/*
 * The block that @pseudo_random points to from index @i. No division: x mod lanes is the
 * upper half of (x / lanes mod 1) * lanes, which is exact for 32-bit x and lanes (Lemire,
 * Kaser, Kurz 2019).
 */
ARGON2_INLINE const block *argon2_reference(const struct argon2_window *w, uint64_t pseudo_random, uint32_t i)
{
	const argon2_instance_t *m = w->instance;
	uint64_t fraction = w->lanes_inverse * (pseudo_random >> 32);
	uint64_t high = (fraction >> 32) * m->lanes, low = (fraction & UINT32_MAX) * m->lanes;
	uint32_t other = (uint32_t)((high + (low >> 32)) >> 32);
	uint32_t lane = (other & w->lane_mask) | (w->lane & ~w->lane_mask);
	/* In its own lane also the blocks of this segment, without the one just written. */
	uint32_t area = w->finished + (lane == w->lane ? i - 1 : -(uint32_t)(i == 0));
	uint64_t x = (uint32_t)pseudo_random;
	uint32_t back = (uint32_t)((uint64_t)area * (x * x >> 32) >> 32);
	uint32_t index = w->start + (area - 1 - back);

	index -= index >= m->lane_length ? m->lane_length : 0;
	return &m->memory[(size_t)lane * m->lane_length + index];
}

ARGON2_INLINE void argon2_prefetch(const block *b)
{
	for (int i = 0; i < ARGON2_BLOCK_SIZE; i += 64)
		__builtin_prefetch((const char *)b + i);
}

/* What a core needs to know of the next block. window is NULL when nothing is to be fetched ahead. */
struct argon2_ahead {
	const struct argon2_window *window;
	uint32_t index;
	const block *reference; /* found by argon2_look_ahead */
};

/* Word 0 of the new block is final. */
ARGON2_INLINE void argon2_look_ahead(struct argon2_ahead *a, uint64_t word0)
{
	if (!a->window)
		return;
	a->reference = argon2_reference(a->window, word0, a->index);
	argon2_prefetch(a->reference);
}

#endif
