/* SPDX-License-Identifier: MIT */
/*
 * fat - files of a FAT12, FAT16 or FAT32 filesystem, read-only, without the kernel's driver.
 *
 * Names are compared as the vfat driver does, long and short ones, without case (of ASCII letters).
 * Source: Microsoft, FAT32 File System Specification, 1.03.
 */
#ifndef DEVICE_FAT_H
#define DEVICE_FAT_H

#include "base/reader.h"
#include <stdbool.h>

struct fat {
	const struct reader *reader;
	unsigned bits;                        /* of an entry of the FAT: 12, 16 or 32 */
	uint32_t cluster_bytes, clusters;     /* of data; their numbers begin at 2 */
	uint64_t fat_off, root_off, data_off; /* bytes */
	uint32_t root_bytes;                  /* FAT12 and 16: at root_off */
	uint32_t root_cluster;                /* FAT32; otherwise 0 */
	uint32_t serial;                      /* the UUID; 0 when there is none */
	char label[12];                       /* of the boot sector, without blanks at the end; or "" */
};

/* A file or directory, and how far it was read. */
struct fat_file {
	bool is_directory;
	uint32_t size_bytes;              /* of a file */
	uint32_t cluster, at_bytes, left; /* where the next byte is, and how many may follow */
};

/* Is there a FAT filesystem on @r? @r must outlive @f. False: no, or one whose numbers are wrong. */
bool fat_open(const struct reader *r, struct fat *f);

/* The volume label in the root directory, without blanks at the end. False: there is none. */
bool fat_root_label(const struct fat *f, char label[static 12]);

/*
 * Look for @path from the root; slashes separate. ".." is in no directory.
 * Fails: CAUSE_DEVICE (not there: os_errno is ENOENT; or unreadable).
 */
enum cause fat_find(const struct fat *f, const char *path, struct fat_file *out, struct error *err) MUST_USE;

/*
 * The next @len bytes of @file into @buf. No copy of them stays elsewhere.
 * Fails: CAUSE_DEVICE (unreadable), CAUSE_DAMAGED (the chain of clusters ends before the file does).
 */
enum cause fat_read(const struct fat *f, struct fat_file *file, void *buf, size_t len,
	struct error *err) MUST_USE;

#endif
