/* SPDX-License-Identifier: MIT */
/* find - a device by what it is called, without udev: /sys, the superblocks and the partition tables. */
#ifndef DEVICE_FIND_H
#define DEVICE_FIND_H

#include "base/cause.h"
#include "base/folder.h"
#include "device/member.h"
#include "device/superblock.h"
#include "device/sysblock.h"

/*
 * Turn @spec into a path. Looked for on every block device are
 *
 *	UUID=X LABEL=X PARTUUID=X PARTUUID=X/PARTNROFF=N PARTLABEL=X ID=X SERIAL=X
 *	/dev/disk/by-uuid/X by-label/X by-partuuid/X by-partlabel/X by-id/X, when the node does not exist
 *
 * with X also in quotes, and UUID=X* PARTUUID=X* SERIAL=X* for what begins with X; SERIAL= is a LUKS volume
 * on the disk of that number. A node there that leads to a member (device/member.h) does not exist for this.
 * Anything else is a path and stays as it is. A device that others hold (a mapped volume, a disk that has
 * partitions) and a volume that was overwritten count only when nothing else fits; a member never counts.
 * A removable device counts only when no other fits: anyone can plug in a stick.
 * Fails: CAUSE_DEVICE (not there, with os_errno ENOENT; two of one kind: both are named; or members alone),
 * CAUSE_USAGE (an empty name).
 */
enum cause find_device(const char *spec, char *path, size_t path_bytes, struct error *err) MUST_USE;

/*
 * The same; @member becomes the first member that is called so when nothing else is: then the whole is still
 * to come. @member->mark.type is NULL otherwise. @member NULL: a member counts as any device, for what is
 * only read from it.
 */
enum cause find_device_or_member(const char *spec, char *path, size_t path_bytes, struct member *member,
	struct error *err) MUST_USE;

/*
 * The same. @rank becomes that of the device found, and 0 for a path; a call with such a rank leaves out the
 * devices of this rank and above, and those that were overwritten.
 */
enum cause find_below(const char *spec, char *path, size_t path_bytes, struct member *member, unsigned *rank,
	struct error *err) MUST_USE;

/*
 * Open the device that find_device finds for @spec; @dev->name is @spec. As for blkdev_open_path @dev must
 * not move afterwards. Fails: as find_device and blkdev_open_path.
 */
enum cause find_open(const char *spec, struct blkdev *dev, struct error *err) MUST_USE;

/* Is @spec a name (with a path in /dev/disk that exists), which anyone can give to a device? */
bool find_is_name(const char *spec);

/* The whole UUID that @spec names. False, and "": it names something else. */
bool find_uuid(const char *spec, char uuid[static SUPERBLOCK_UUID_BYTES]);

/* superblock_read of the block device, or the regular file, at @path. */
bool find_superblock(const char *path, struct superblock *out);

/*
 * Is the device at @path called @spec? For UUID= and LABEL=, and their paths; of any other @spec it says no.
 */
bool find_is_called(const char *path, const char *spec);

/* A block device that is there and has a size. */
struct find_found {
	char name[SYSBLOCK_NAME_BYTES]; /* as /sys/class/block spells it */
	char path[SYSBLOCK_PATH_BYTES]; /* in /dev */
	bool removable;                 /* USB, MMC or marked so: where a key stick can be */
	bool held;                      /* mapped, a member of something, or a disk that has partitions */
	struct superblock superblock;   /* .type is NULL when nothing is known there */
};

/* All block devices, one after the other. */
struct find_walk {
	struct folder folder;
};

/* Fails: CAUSE_DEVICE (/sys is not mounted). */
enum cause find_walk_open(struct find_walk *w, struct error *err) MUST_USE;

/*
 * The next device that can be read without waiting indefinitely (suspended mappings, empty drives and
 * floppies are left out). Reads its superblock: a slow device makes this slow. False: that was all.
 */
bool find_walk_next(struct find_walk *w, struct find_found *out);

void find_walk_close(struct find_walk *w);

#endif
