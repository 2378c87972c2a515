/* SPDX-License-Identifier: MIT */
/*
 * team - a few threads that take the steps of one job together.
 *
 * They are started once. A step is a number of pieces that the members take until none is
 * left, so it does not matter how many members there are, or how fast each one is. A
 * barrier ends the step. The caller is a member, and the only one if no thread can be had.
 */
#ifndef CRYPTO_TEAM_H
#define CRYPTO_TEAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { TEAM_MAX = 64 };

struct team {
	unsigned members;
	void (*work)(struct team *team, unsigned member, void *context);
	void *context;
	/* Of the step under way. */
	atomic_uint step, arrived, taken;
};

/*
 * Run @work on at most @members (1 to TEAM_MAX) threads, number 0 being the caller; returns when all have returned.
 * The stacks of the others are wiped. Members take the same steps: each calls team_end_step equally often.
 */
void team_run(struct team *team, unsigned members,
	void (*work)(struct team *, unsigned member, void *context), void *context);

/* Take one of the @pieces of this step, each of which is given out once; false when none is left. */
bool team_take(struct team *team, uint32_t pieces, uint32_t *piece);

/* Set @flag, and wait for one that another member sets. */
void team_set(atomic_uint *flag);
void team_wait(atomic_uint *flag);

/* Wait until all members are here; what they wrote is seen by all. */
void team_end_step(struct team *team);

#endif
