/* SPDX-License-Identifier: MIT */
/*
 * seen - a set of what was already read for a volume, so that nothing is read twice while it stays plugged
 * in.
 *
 * A member is a place (SEEN_*: a key of the configuration, its header, a file that is looked for on every
 * stick) and the device that it was read from, as plugged.h numbers it: a stick that is plugged in again
 * is another member.
 */
#ifndef BOOT_SEEN_H
#define BOOT_SEEN_H

#include "boot/scan.h"

/* Places. Those below SEEN_HEADER are the plan's keys by their index, from SEEN_TOKEN on the tokens. */
enum { SEEN_HEADER = PLAN_KEYS_MAX, SEEN_STICK_KEY, SEEN_STICK_HEADER, SEEN_STICK_NAMED, SEEN_TOKEN };

/*
 * More than is plugged in at a time. The oldest member goes first: at worst a stick is then read once more.
 */
enum { SEEN_MAX = 4 * SCAN_STICKS_MAX };

/* Zero is the empty set. */
struct seen {
	uint64_t plugged[SEEN_MAX];  /* 0: a file that is not on a device */
	uint64_t again_ms[SEEN_MAX]; /* when it is to be read again; 0: never */
	uint8_t places[SEEN_MAX];    /* plus 1; 0: free */
	uint8_t tries[SEEN_MAX];     /* 0: it was ready; else 1 and the number of errors */
	unsigned next;
};

bool seen_has(const struct seen *s, unsigned place, uint64_t plugged, uint64_t now_ms);
void seen_add(struct seen *s, unsigned place, uint64_t plugged);

enum seen_again { SEEN_NO_MORE, SEEN_FIRST, SEEN_AGAIN };

/*
 * A member that was not ready is one only until @again_ms. One with read @errors may be broken:
 * after SEEN_ERRORS such reports the result is SEEN_NO_MORE, and it stays a member.
 */
enum { SEEN_ERRORS = 5 };
enum seen_again seen_again(struct seen *s, unsigned place, uint64_t plugged, uint64_t again_ms, bool errors);

/* Harmless when it is no member. */
void seen_remove(struct seen *s, unsigned place, uint64_t plugged);

#endif
