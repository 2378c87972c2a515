/* SPDX-License-Identifier: MIT */
/*
 * team - a few threads that work on the steps of one job together.
 *
 * They are started once. A step is a number of pieces that the members take until none is left, so the number
 * and the speed of the members do not matter. A barrier ends the step. The caller is a member, and the only
 * one if no thread can be started.
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
	/* Of the current step. */
	atomic_uint step, arrived, taken;
};

/*
 * Run @work on at most @members (1 to TEAM_MAX) threads, of which number 0 is the caller; returns when all
 * have returned. The stacks of the others are wiped. Each member must call team_end_step the same number of
 * times.
 */
void team_run(struct team *team, unsigned members,
	void (*work)(struct team *, unsigned member, void *context), void *context);

/* Take one of the @pieces of this step; each is taken once. False when none is left. */
bool team_take(struct team *team, uint32_t pieces, uint32_t *piece);

/* Set @flag; wait for a flag that another member sets. */
void team_set(atomic_uint *flag);
void team_wait(atomic_uint *flag);

/* Wait until all members have called this. What each wrote before is then visible to all. */
void team_end_step(struct team *team);

#endif
