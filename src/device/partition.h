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

enum { PARTITION_UUID_BYTES = 37, PARTITION_LABEL_BYTES = 36 * 3 + 1 };

struct partition {
	char uuid[PARTITION_UUID_BYTES];   /* PARTUUID: GPT's in lower case, or "12345678-01" of an MBR */
	char label[PARTITION_LABEL_BYTES]; /* PARTLABEL in UTF-8; "" in an MBR. text_escape before it is shown
					    */
};

/*
 * The ids of partition @number (from 1, as the kernel counts) of the whole disk @disk, whose logical sectors
 * have @sector_bytes. It must start at @start_sectors (of 512 bytes, as in /sys), which UINT64_MAX leaves
 * open. False: no such partition, no table, or one that is wrong.
 */
bool partition_read(const struct reader *disk, unsigned sector_bytes, unsigned number, uint64_t start_sectors,
	struct partition *out);

#endif
