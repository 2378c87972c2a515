/* SPDX-License-Identifier: MIT */
/*
 * unlock - run `latchkey boot` until everything is open.
 *
 * Returns only then; every other end is stop().
 */
#ifndef INITRAMFS_UNLOCK_H
#define INITRAMFS_UNLOCK_H

#include "config/plan.h"
#include "words.h"

enum { UNLOCK_NAMES_BYTES = PLAN_VOLUMES_MAX * 128 + 1 };

/* @names are the mappings', each with its newline, "" when there is none. */
void unlock(const struct words *w, char names[static UNLOCK_NAMES_BYTES]);

/* Remove the mappings, the last one first, and say so: nobody will use them any more. Cuts @names. */
void unlock_undo(char *names);

#endif
