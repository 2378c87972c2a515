/* SPDX-License-Identifier: MIT */
/* blkdev - a block device or file, opened once and read-only. */
#ifndef DEVICE_BLKDEV_H
#define DEVICE_BLKDEV_H

#include "base/reader.h"
#include <stdbool.h>
#include <sys/types.h>

enum { BLKDEV_NAME_BYTES = 128 };

struct blkdev {
	int fd;
	bool is_block;         /* false: a regular file */
	bool read_only;        /* the device itself refuses writing */
	unsigned major, minor; /* of a block device */
	struct reader reader;
	char path[BLKDEV_NAME_BYTES * 2]; /* that was opened */
	char name[BLKDEV_NAME_BYTES];     /* printable, for messages */
};

/*
 * Open the device at @path; names of other kinds are for find_open (device/find.h). @dev must not move
 * afterwards: the reader points into it. Fails: CAUSE_DEVICE (absent, a directory, unreadable).
 */
enum cause blkdev_open_path(const char *path, struct blkdev *dev, struct error *err) MUST_USE;

/*
 * From now on @watch hears of all that may hang: before the block device @device, called @name, is opened or
 * read, and with NULL when it has answered. It says false for a device that is to be left alone: opening that
 * one fails.
 */
void blkdev_tell(bool (*watch)(dev_t device, const char *name));

/* For a read of @dev, a block device, by other ways than its reader; NULL: it is over. */
void blkdev_tell_wait(const struct blkdev *dev);

/* Does the device refuse writing, or the filesystem that the file is on? */
bool blkdev_is_read_only(const struct blkdev *dev);

void blkdev_close(struct blkdev *dev);

/*
 * Is a block device free for a mapping? Takes the exclusive claim and gives it back at once.
 * Fails: CAUSE_EXISTS (mounted, mapped, or held otherwise).
 */
enum cause blkdev_check_free(const struct blkdev *dev, struct error *err) MUST_USE;

#endif
