/* SPDX-License-Identifier: MIT */
/* argon2_fill - see argon2_fill.h. */
#include "crypto/argon2_fill.h"
#include "secret/wipe.h"

/* A segment, from its first block that is still to be filled. */
struct segment {
	const struct argon2_core *core;
	const argon2_position_t *at;
	struct argon2_window window;
	uint32_t first; /* index of that block */
	block *next;
	const block *prev;
	struct argon2_scratch *scratch;
};

/* The next 128 addresses, at @out (3.4.1.2). */
static void new_addresses(const struct argon2_core *core, block *out, struct argon2_scratch *s)
{
	struct argon2_ahead none = {0};

	s->input.v[6]++;
	core->fill_block(&s->middle, &s->zero, &s->input, false, &none, s);
	core->fill_block(out, &s->zero, &s->middle, false, &none, s);
}

/* The input of the first addresses (3.4.1.2); word 6 counts them. */
static void begin_addresses(const struct segment *g)
{
	const argon2_instance_t *m = g->window.instance;
	block *input = &g->scratch->input;

	init_block_value(&g->scratch->zero, 0);
	init_block_value(input, 0);
	input->v[0] = g->at->pass;
	input->v[1] = g->at->lane;
	input->v[2] = g->at->slice;
	input->v[3] = m->memory_blocks;
	input->v[4] = m->passes;
	input->v[5] = m->type;
	new_addresses(g->core, &g->scratch->addresses[0], g->scratch);
}

/* Addresses that do not depend on the data. */
static void fill_known(const struct segment *g)
{
	enum { AHEAD = 2 };
	const struct argon2_window *w = &g->window;
	const uint32_t n = w->instance->segment_length;
	struct argon2_scratch *s = g->scratch;
	const block *ref[AHEAD], *prev = g->prev;
	block *next = g->next;
	struct argon2_ahead none = {0};
	uint32_t i = g->first;

	begin_addresses(g);
	for (uint32_t k = 0; k < AHEAD; k++)
		ref[k] = argon2_reference(w, s->addresses[0].v[i + k], i + k);
	for (; i < n; i++) {
		const block *now = ref[0];
		const uint32_t later = i + AHEAD, at = later % ARGON2_ADDRESSES_IN_BLOCK;
		block *addresses = &s->addresses[later / ARGON2_ADDRESSES_IN_BLOCK % 2];

		if (at == 0 && later < n)
			new_addresses(g->core, addresses, s);
		ref[0] = ref[1];
		if (later < n) {
			ref[1] = argon2_reference(w, addresses->v[at], later);
			argon2_prefetch(ref[1]);
		}
		g->core->fill_block(next, prev, now, g->at->pass > 0, &none, s);
		prev = next++;
	}
}

/* Addresses that are the first word of the block before. */
static void fill_dependent(const struct segment *g)
{
	const uint32_t n = g->window.instance->segment_length;
	const block *prev = g->prev;
	block *next = g->next;
	struct argon2_ahead ahead = {.window = &g->window,
		.reference = argon2_reference(&g->window, prev->v[0], g->first)};

	for (uint32_t i = g->first; i < n; i++) {
		/* After the last block of a segment nothing can be known yet. */
		if (i + 1 == n)
			ahead.window = NULL;
		ahead.index = i + 1;
		g->core->fill_block(next, prev, ahead.reference, g->at->pass > 0, &ahead, g->scratch);
		prev = next++;
	}
}

void fill_segment(const argon2_instance_t *instance, argon2_position_t position)
{
	block *lane = &instance->memory[(size_t)position.lane * instance->lane_length];
	const bool first_slice = position.pass == 0 && position.slice == 0;
	struct argon2_scratch scratch;
	struct segment g = {.core = core_argon2(),
		.at = &position,
		.window = argon2_window(instance, &position),
		.first = first_slice ? 2 : 0, /* the first two are fill_first_blocks' */
		.scratch = &scratch};

	g.next = &lane[position.slice * instance->segment_length + g.first];
	g.prev = g.next == lane ? &lane[instance->lane_length - 1] : g.next - 1;
	if (instance->type == Argon2_i || (position.pass == 0 && position.slice < ARGON2_SYNC_POINTS / 2))
		fill_known(&g);
	else
		fill_dependent(&g);
	wipe(&scratch, sizeof(scratch));
}
