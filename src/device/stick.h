/* SPDX-License-Identifier: MIT */
/*
 * stick - files on the filesystem of another device: keys and headers on a USB stick.
 *
 *	vfat              read by our own code: no driver, no character sets, no mount
 *	everything else   mounted read-only by the kernel, but in no folder: other processes do not
 *	                  see it, and it ends with its last descriptor. Needs Linux 5.6. What carries no mark
 *	                  that is known is tried with each driver of /proc/filesystems
 *
 * What is read passes the page cache, keys included: O_DIRECT needs aligned reads of whole sectors, which not
 * every driver takes, and to drop the pages would free and not clear them. The last close of the device, or
 * the end of the mount, frees them as well; init_on_free=1 clears them (latchkey(8)).
 *
 * Nothing is written to the device: journals are not replayed, and where a loop device is available the
 * driver works through a read-only one, since some drivers clean up even on a read-only mount.
 *
 * All of this can block indefinitely on a bad device: call it in a child that can be given up.
 */
#ifndef DEVICE_STICK_H
#define DEVICE_STICK_H

#include "device/blkdev.h"
#include "device/fat.h"

struct stick {
	struct blkdev dev;
	bool is_vfat;
	struct fat fat; /* of vfat */
	int root_fd;    /* the mounted root of anything else; or -1 */
};

/*
 * Open the filesystem on @device (as for find_open). @fstype: its type as mount(8) calls it, or NULL for
 * what the superblock says. @s must not move afterwards. Fails: CAUSE_DEVICE (absent, unreadable, no
 * filesystem there), CAUSE_UNSUPPORTED (a type that has no files, or that this kernel has no driver for),
 * CAUSE_KERNEL (not mounted for another reason).
 */
enum cause stick_open(const char *device, const char *fstype, struct stick *s, struct error *err) MUST_USE;

/* Of a file: what follows the first @offset_bytes; of that @size_bytes, or all if it is 0. */
struct stick_part {
	uint64_t offset_bytes, size_bytes;
};

/*
 * Read @part of the file @path, from the root of the filesystem whether or not it begins with a slash, into
 * @buf, at most @max bytes. Fails: CAUSE_DEVICE (with os_errno ENOENT: there is no such file; otherwise not
 * readable, or no regular file: a directory, a FIFO, a link that leaves the filesystem), CAUSE_USAGE
 * (the part is longer than @max, or than what the file has there).
 */
enum cause stick_read(struct stick *s, const char *path, const struct stick_part *part, void *buf, size_t max,
	size_t *len, struct error *err) MUST_USE;

/*
 * Write the whole file @path to @fd, 1 to @max_bytes. For headers: the bytes pass through memory that is
 * not wiped. Fails: as stick_read, and CAUSE_USAGE (empty).
 */
enum cause stick_copy(struct stick *s, const char *path, uint64_t max_bytes, int fd,
	struct error *err) MUST_USE;

/* The mount is gone when this returns. Harmless after a stick_open that failed. */
void stick_close(struct stick *s);

#endif
