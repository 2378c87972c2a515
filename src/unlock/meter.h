/* SPDX-License-Identifier: MIT */
/* meter - the progress of a derivation, as one line of a terminal that is redrawn and finally removed. */
#ifndef UNLOCK_METER_H
#define UNLOCK_METER_H

#include "crypto/progress.h"
#include "format/luks.h"

struct meter {
	int fd;            /* the terminal; -1: not a terminal */
	char what[64];     /* what is being derived */
	uint64_t drawn_us; /* when it was last drawn */
	unsigned columns;  /* of the line so far */
	struct progress progress;
};

/* Show derivations on @fd from now on, if it is a terminal (-1: none). @m must live until meter_end. */
void meter_begin(struct meter *m, int fd);

/* The next derivation is for @slot. */
void meter_keyslot(struct meter *m, const struct luks_keyslot *slot);

/* Remove the line and stop showing. */
void meter_end(struct meter *m);

#endif
