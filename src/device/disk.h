/* SPDX-License-Identifier: MIT */
/* disk - which disk a device or folder stands on, from /sys. */
#ifndef DEVICE_DISK_H
#define DEVICE_DISK_H

#include "device/blkdev.h"

/*
 * Does the folder @path stand on a disk that @dev is on, too, through partitions and
 * mappings? False as well when that cannot be told.
 */
bool disk_is_shared(const struct blkdev *dev, const char *path);

#endif
