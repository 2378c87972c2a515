/* SPDX-License-Identifier: MIT */
/*
 * partition - the ids of a partition, from the GPT or MBR of its disk.
 *
 * The kernel has made the partitions; this only reads what it does not tell. A table that the kernel would
 * not take (checksums, sizes, places) has no ids, and a chain of logical partitions that loops ends. Overlaps
 * do no harm here.
 */
#ifndef DEVICE_PARTITION_H
#define DEVICE_PARTITION_H

#include "base/reader.h"
#include <stdbool.h>

enum { PARTITION_UUID_BYTES = 37, PARTITION_LABEL_BYTES = 36 * 3 + 1, PARTITION_MBR_BYTES = 512 };

/* A table that was found valid, on a disk that is open. */
struct partition_table {
	const struct reader *disk;
	unsigned sector_bytes;            /* of its logical sectors */
	uint8_t mbr[PARTITION_MBR_BYTES]; /* sector 0 */
	uint64_t entries_off;             /* of a GPT; 0: it is an MBR */
	uint32_t entries;
	uint64_t first, last; /* logical sectors that partitions of a GPT may have */
};

struct partition {
	char uuid[PARTITION_UUID_BYTES];   /* PARTUUID: GPT's in lower case, or "12345678-01" of an MBR */
	char label[PARTITION_LABEL_BYTES]; /* PARTLABEL in UTF-8; "" in an MBR. text_escape before it is shown
					    */
};

/*
 * Read the whole table of @disk, whose logical sectors have @sector_bytes: up to a megabyte when the first
 * GPT is damaged. False: there is none, or it is wrong.
 */
bool partition_open(const struct reader *disk, unsigned sector_bytes, struct partition_table *t);

/*
 * The ids of partition @number (from 1, as the kernel counts). It must start at @start_sectors (of 512
 * bytes, as in /sys), which UINT64_MAX leaves open. False: no such partition.
 */
bool partition_read(const struct partition_table *t, unsigned number, uint64_t start_sectors,
	struct partition *out);

#endif
