/* SPDX-License-Identifier: MIT */
/*
 * member - is a device a part of something below LUKS? Its own marks, and those of the disk that it is a
 * partition of.
 */
#ifndef DEVICE_MEMBER_H
#define DEVICE_MEMBER_H

#include "device/blkdev.h"
#include "device/mark.h"

enum { MEMBER_TEXT_BYTES = 400 };

struct member {
	struct mark mark;
	char name[BLKDEV_NAME_BYTES]; /* printable: of the device that has the mark */
};

/*
 * Does @dev carry a mark? A disk's mark that stands inside one of its partitions is that partition's. Of a
 * partition's disk those count that stand at the end or are a firmware RAID's: the kernel reads the partition
 * table of an array from its members, too, and makes partitions that are none. False: no (then
 * @out->mark.type is NULL).
 */
bool member_read(const struct blkdev *dev, struct member *out);

/* "/dev/sda: has the mark of an MD RAID array (linux_raid_member 1.0, at byte 8189952)" */
void member_describe(const struct member *m, char text[static MEMBER_TEXT_BYTES]);

/* How to examine and remove a mark that remains of an array that no longer exists: a clause. */
void member_advise(const struct member *m, char text[static MEMBER_TEXT_BYTES]);

#endif
