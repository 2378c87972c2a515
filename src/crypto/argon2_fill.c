/* SPDX-License-Identifier: MIT */
/* argon2_fill - see argon2_fill.h. */
#include "crypto/argon2_fill.h"

/* The next 128 addresses, at @out (3.4.1.2). */
static void new_addresses(const struct argon2_core *core, struct argon2_block *out, struct argon2_scratch *s)
{
	struct argon2_ahead none = {0};

	s->input.w[6]++;
	core->block(&s->middle, &s->zero, &s->input, false, &none, s);
	core->block(out, &s->zero, &s->middle, false, &none, s);
}

/* Addresses that do not depend on the data; @i is the first index to fill. */
static void fill_known(const struct argon2_core *core, const struct argon2_window *w,
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
	new_addresses(core, &s->addresses[0], s);
	for (uint32_t k = 0; k < AHEAD; k++)
		ref[k] = argon2_reference(w, s->addresses[0].w[i + k], i + k);
	for (; i < f->segment_blocks; i++) {
		const struct argon2_block *now = ref[0];
		uint32_t later = i + AHEAD;

		if (later % ARGON2_BLOCK_WORDS == 0 && later < f->segment_blocks)
			new_addresses(core, &s->addresses[later / ARGON2_BLOCK_WORDS % 2], s);
		ref[0] = ref[1];
		if (later < f->segment_blocks) {
			ref[1] = argon2_reference(w,
				s->addresses[later / ARGON2_BLOCK_WORDS % 2].w[later % ARGON2_BLOCK_WORDS],
				later);
			argon2_prefetch(ref[1]);
		}
		core->block(next, prev, now, at->pass > 0, &none, s);
		prev = next++;
	}
}

/* Addresses that are the first word of the block before. */
static void fill_dependent(const struct argon2_core *core, const struct argon2_window *w,
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
		core->block(next, prev, ahead.reference, at->pass > 0, &ahead, s);
		prev = next++;
	}
}

void argon2_segment(const struct argon2_core *core, const struct argon2_fill *f,
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
		fill_known(core, &w, at, first, next, prev, s);
	else
		fill_dependent(core, &w, at, first, next, prev, s);
}
