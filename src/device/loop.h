/* SPDX-License-Identifier: MIT */
/* loop - a block device over a regular file, that goes away by itself. */
#ifndef DEVICE_LOOP_H
#define DEVICE_LOOP_H

#include "device/blkdev.h"

/*
 * Put a loop device over the regular file @file and open it as @loop. The kernel removes
 * it with the last user: the mapping made over it, or @loop itself. When the filesystem of
 * the file is read-only, so is @loop.
 * Fails: CAUSE_KERNEL (no loop device), CAUSE_DEVICE.
 */
enum cause loop_open(const struct blkdev *file, bool read_only, struct blkdev *loop,
	struct error *err) MUST_USE;

#endif
