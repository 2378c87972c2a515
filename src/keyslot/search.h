/* SPDX-License-Identifier: MIT */
/*
 * search - which keyslots to try, in which order, and what the outcomes add up to.
 *
 * Order: priority "prefer" before "normal", inside one priority the order of the JSON text, or that of cost
 * when the time limit is too short for all (budget.h); "ignore" only when named. Keyslots of another digest
 * than the segment's hold no key of the volume. A keyslot that cannot be tried does not prevent others from
 * being tried.
 */
#ifndef KEYSLOT_SEARCH_H
#define KEYSLOT_SEARCH_H

#include "keyslot/keyslot.h"

enum { SEARCH_ANY_KEYSLOT = -1 };

struct search {
	struct keyslot_source source;
	int keyslot;       /* its number, or SEARCH_ANY_KEYSLOT */
	uint32_t keyslots; /* only these, as bits; 0: all */
	uint32_t digests;  /* only keyslots of these, as bits of their indexes; 0: of all the data has */
	/* Called for each keyslot that is skipped; may be NULL. */
	void (*skipped)(const struct error *why);
	/* Called before each keyslot that is tried; may be NULL. */
	void (*trying)(void *context, const struct luks_keyslot *slot);
	void *context;
};

/* The time for all keyslots and one secret, when that is more than the limit; otherwise 0. */
uint64_t search_needed_ms(const struct search *s);

/* The same, if the last search of this process left keyslots out for their time; otherwise 0. */
uint64_t search_left_out_ms(void);

/*
 * Before a secret is asked for: is there a keyslot that could be tried?
 * Calls skipped for each that cannot.
 * Fails: CAUSE_USAGE (the named keyslot is not there or holds no key of this volume), or
 * the foremost reason for skipping when all are skipped.
 */
enum cause search_check(const struct search *s, struct error *err) MUST_USE;

/*
 * Try @secret on each keyslot in turn. Neighbours with PBKDF2 are derived side by side; what comes out is
 * the same.
 * Fails: CAUSE_PASSPHRASE if any was computed to the end; else the foremost reason. A keyslot area that is
 * plainly not random is named in the sentence.
 */
enum cause search_run(const struct search *s, struct bytes secret, struct volume_key *out,
	struct error *err) MUST_USE;

#endif
