/* SPDX-License-Identifier: MIT */
/* meter - the progress of a derivation, as one line of a terminal that is redrawn and finally removed. */
#ifndef UNLOCK_METER_H
#define UNLOCK_METER_H

#include "crypto/progress.h"
#include "format/luks.h"

/* How long one derivation after the other takes. */
struct meter_pace {
	uint64_t start_us; /* of the derivation, on clock_now_us's clock */
};

/*
 * Seconds that are left of the derivation, of which @done of @total is done, rounded up; 0 in its first
 * second, which is too early to tell.
 */
unsigned meter_seconds_left(struct meter_pace *pace, uint64_t done, uint64_t total);

/* "23 %, about 4 s left", without the second part if @left is 0; returns its length. */
size_t meter_text(char *out, size_t size, unsigned percent, unsigned left);

struct meter {
	int fd;            /* the terminal; -1: not a terminal */
	char what[64];     /* what is being derived */
	uint64_t drawn_us; /* when it was last drawn */
	unsigned columns;  /* of the line so far */
	struct meter_pace pace;
	struct progress progress;
};

/* Show derivations on @fd from now on, if it is a terminal (-1: none). @m must live until meter_end. */
void meter_begin(struct meter *m, int fd);

/* The next derivation is for @slot. */
void meter_keyslot(struct meter *m, const struct luks_keyslot *slot);

/* Remove the line and stop showing. */
void meter_end(struct meter *m);

#endif
