/* SPDX-License-Identifier: MIT */
/*
 * fat - files of a FAT12, FAT16 or FAT32 filesystem, read-only, without the kernel's driver.
 *
 * Names are compared as the vfat driver does, without case (ASCII), long and short ones. Every chain is followed
 * for at most as many clusters as there are, so a loop ends.
 * Source: Microsoft FAT32 File System Specification, 1.03.
 */
#ifndef DEVICE_FAT_H
#define DEVICE_FAT_H

#include "base/reader.h"
#include <stdbool.h>

struct fat {
	const struct reader *reader;
	unsigned bits;		      /* 12, 16 or 32: of an entry of the FAT */
	uint32_t cluster_bytes, clusters; /* of data; numbered from 2 */
	uint64_t fat_off, root_off, data_off; /* bytes */
	uint32_t root_bytes;	      /* of FAT12 and 16 */
	uint32_t root_cluster;	      /* of FAT32 */
	uint32_t serial;	      /* the UUID */
	char label[12];		      /* of the boot sector, without blanks at the end; or "" */
};

/* A file or directory: where it begins, and how far it was read. */
struct fat_file {
	bool is_directory;
	uint32_t cluster, size_bytes;
};

/* Is there a FAT filesystem on @r? @r must outlive @f. False: no, or one whose numbers are wrong. */
bool fat_open(const struct reader *r, struct fat *f);

/* The volume label of the root directory into @label, without blanks at the end. False: there is none. */
bool fat_root_label(const struct fat *f, char label[static 12]);

/*
 * Look for @path from the root; slashes separate.
 * Fails: CAUSE_DEVICE (not there: os_errno is ENOENT; unreadable), CAUSE_DAMAGED (a chain that leads nowhere).
 */
enum cause fat_find(const struct fat *f, const char *path, struct fat_file *out, struct error *err) MUST_USE;

/*
 * The next @len bytes of @file into @buf, from where the last call ended. No copy stays elsewhere.
 * Fails: CAUSE_DEVICE (unreadable, past the end), CAUSE_DAMAGED (the chain ends before the size does).
 */
enum cause fat_read(const struct fat *f, struct fat_file *file, void *buf, size_t len, struct error *err) MUST_USE;

#endif
