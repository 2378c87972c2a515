/* SPDX-License-Identifier: MIT */
/*
 * unlock - run `latchkey boot` until everything is open.
 *
 * Returns only then; every other end is stop().
 */
#ifndef INITRAMFS_UNLOCK_H
#define INITRAMFS_UNLOCK_H

#include "words.h"

enum { UNLOCK_NAME_BYTES = 160 };

/* @name is the first mapping's, "" when there is none. */
void unlock(const struct words *w, char name[static UNLOCK_NAME_BYTES]);

/* Remove the mapping @name, and say so: nobody will use it any more. */
void unlock_undo(const char *name);

#endif
