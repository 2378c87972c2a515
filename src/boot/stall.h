/* SPDX-License-Identifier: MIT */
/*
 * stall - disks that do not respond: detected, set aside, and scanned again when they respond.
 *
 * A process that reads such a disk sleeps where no signal reaches it. So each child notes which disk it is
 * about to read, and the parent abandons it there once that takes too long. The end of that child is how
 * the parent learns that the disk responds again.
 */
#ifndef BOOT_STALL_H
#define BOOT_STALL_H

#include "boot/child.h"

/* A disk that responded late once is slow: it gets more time from then on, or it would never be read. */
enum { STALL_AFTER_S = 5, STALL_IF_SLOW_AFTER_S = 60 };

/*
 * Call first in each child's work: notes in @end what it opens and reads, and refuses disks that are known
 * to stall.
 */
void stall_watch(struct child_end *end);

/* Is the device at @path on a disk that is known to stall? */
bool stall_is_known(const char *path);

/* Has @c waited too long for its disk? end->waiting_for is the disk's name. */
bool stall_is_detected(const struct child *c, uint64_t now_ms);

/*
 * Abandon @c, which waits for its disk. It exits as soon as that responds; later children do not read the
 * disk.
 */
void stall_leave(struct child *c);

/* True when a disk responded, or was removed, since the last call: it is worth another scan. */
bool stall_is_over(void);

/* No more scans follow: kill what still waits. */
void stall_close(void);

#endif
