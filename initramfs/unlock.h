/* SPDX-License-Identifier: MIT */
/*
 * unlock - run latchkey until the root is mapped.
 *
 * Returns only with a mapping; every other end is stop().
 */
#ifndef INITRAMFS_UNLOCK_H
#define INITRAMFS_UNLOCK_H

#include "words.h"

/* True: this run made the mapping. False: it was there before. Needs wait_listen() before. */
bool unlock(const struct words *w, const char *mapping);

/* Remove the mapping that unlock() made, and say so: nobody will use it any more. */
void unlock_undo(const struct words *w);

#endif
