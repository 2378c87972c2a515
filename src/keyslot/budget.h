/* SPDX-License-Identifier: MIT */
/* budget - which keyslots can be tried with one secret in the time that is allowed for all of them. */
#ifndef KEYSLOT_BUDGET_H
#define KEYSLOT_BUDGET_H

#include "keyslot/keyslot.h"

/* An estimate for this machine: the derivation, and the digest that follows it. */
uint64_t budget_cost_ms(const struct luks *luks, const struct luks_keyslot *slot);

/*
 * Those of the @n keyslots of @list that fit the time limit of @src come first; returns how many. When not
 * all fit, the list is in the order of cost within one priority, and *needed_ms is the time for all;
 * otherwise the order stays, and *needed_ms is 0. Speeds are measured, for some milliseconds each, unless
 * the sum is small on any machine. Keyslots that cannot be tried cost nothing.
 */
unsigned budget_fit(const struct keyslot_source *src, const struct luks_keyslot **list, unsigned n,
	uint64_t *needed_ms);

#endif
