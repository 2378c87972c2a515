/* SPDX-License-Identifier: MIT */
/*
 * silent - disks that do not answer: found out, left alone, and looked at again when they do.
 *
 * A read of such a disk hangs where no signal reaches it. So a child says which disk it is about to read, and the
 * parent leaves it there, once that takes too long. Its end is how the disk's answer is known.
 */
#ifndef BOOT_SILENT_H
#define BOOT_SILENT_H

#include "boot/child.h"

/* One that answered too late once is only slow: it gets more time from then on, or it would never be read. */
enum { SILENT_AFTER_S = 5, SILENT_IF_SLOW_AFTER_S = 60 };

/* In a child, first: what it opens and reads is said in @end, and disks that are known to be silent are refused. */
void silent_watch(struct child_end *end);

/* Is the device at @path known to be silent? */
bool silent_is(const char *path);

/* Has @c waited for its disk for so long? end->waiting_for is the disk's name. */
bool silent_waits(const struct child *c, uint64_t now_ms);

/* Leave @c, which waits, with its disk. It ends as soon as that answers; children to come leave the disk alone. */
void silent_leave(struct child *c);

/* True when a disk has answered, or was pulled: it is worth another look. */
bool silent_heed(void);

/* Nobody will look any more. */
void silent_close(void);

#endif
