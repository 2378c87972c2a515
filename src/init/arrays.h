/* SPDX-License-Identifier: MIT */
/*
 * arrays - the MD RAID arrays that the kernel command line names: md=N,DEVICE,DEVICE...
 *
 * The kernel starts them itself only when it boots without an initramfs. Source:
 * Documentation/admin-guide/md.rst. Differences: any version of the metadata; a device may also be named by
 * PARTUUID= and the like; an array starts when all its devices are there, after 30 s (or rootdelay=) with
 * those that are. Nothing is written to them before the first write to the array.
 */
#ifndef INIT_ARRAYS_H
#define INIT_ARRAYS_H

#include "init/cmdline.h"

/* In a child, so that nothing waits for them. Failures are printed. */
void arrays_start(const struct init_cmdline *w);

/* Give up those that have not started. */
void arrays_end(void);

#endif
