/* SPDX-License-Identifier: MIT */
/* meter - how far the derivation under way is, as one line of a terminal that is drawn over and taken away
 * again. */
#ifndef UNLOCK_METER_H
#define UNLOCK_METER_H

#include "crypto/progress.h"
#include "format/luks.h"

struct meter {
	int fd;            /* the terminal; -1: nobody looks */
	char what[64];     /* is being done */
	uint64_t drawn_us; /* when it was last drawn */
	unsigned columns;  /* that the line has taken so far */
	struct progress progress;
};

/* From now on derivations are shown on @fd, if that is a terminal (-1: none). @m stays until meter_end. */
void meter_begin(struct meter *m, int fd);

/* What comes is for @slot. */
void meter_keyslot(struct meter *m, const struct luks_keyslot *slot);

/* Take the line away; nobody is told any more. */
void meter_end(struct meter *m);

#endif
