/* SPDX-License-Identifier: MIT */
/* sysblock - what /sys/class/block says of a device. */
#ifndef DEVICE_SYSBLOCK_H
#define DEVICE_SYSBLOCK_H

#include "base/folder.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SYSBLOCK_NAME_BYTES = 128, SYSBLOCK_PATH_BYTES = 280, SYSBLOCK_TEXT_BYTES = 256 };

/*
 * The first line of the file @attribute of device @name, without blanks at its end. "../X" is an attribute of
 * a partition's disk. False: there is no such file, or nothing in it.
 */
bool sysblock_text(const char *name, const char *attribute, char text[static SYSBLOCK_TEXT_BYTES]);

/* The same as a number; @otherwise when it is none. */
uint64_t sysblock_number(const char *name, const char *attribute, uint64_t otherwise);

/* The node of @name, as devtmpfs makes it. */
void sysblock_path(const char *name, char path[static SYSBLOCK_PATH_BYTES]);

/* What /sys/class/block calls the device of this number; "" when it is not there. */
void sysblock_name(unsigned major, unsigned minor, char name[static SYSBLOCK_NAME_BYTES]);

/* Its number, from 1, and the name of its disk; 0 when @name is no partition. */
unsigned sysblock_partition(const char *name, char disk[static SYSBLOCK_NAME_BYTES]);

/*
 * Are both on one disk that is seen by two paths (multipath): the same world-wide name, and the same
 * partition?
 */
bool sysblock_is_same(const char *name, const char *other);

/*
 * A device that can be read without waiting indefinitely: no suspended mapping, no unused loop device,
 * no floppy.
 */
bool sysblock_is_readable(const char *name);

/* Mapped, a member of something, or a disk that the kernel sees partitions on. */
bool sysblock_is_held(const char *name);

/*
 * The partitions that the kernel sees on the disk @name. False: there is no such device; else folder_close is
 * due.
 */
bool sysblock_open_partitions(const char *name, struct folder *f);

/* The number, from 1, of the next one, with its name in @inside; 0: no more. */
unsigned sysblock_next_partition(struct folder *f, const char *name, char inside[static SYSBLOCK_NAME_BYTES]);

/* Does a partition of the disk @name hold its byte @off? */
bool sysblock_has_partition_at(const char *name, uint64_t off);

/* On USB or MMC, or marked as removable: where a key stick can be. */
bool sysblock_is_removable(const char *name);

#endif
