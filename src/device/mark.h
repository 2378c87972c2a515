/* SPDX-License-Identifier: MIT */
/*
 * mark - the bytes by which a device says that it is a part of something below LUKS: of a RAID array, a
 * volume group, a cache.
 *
 * A LUKS header at byte 0 of such a device may belong to the whole: with MD 0.90 and 1.0 and with most RAIDs
 * of firmware, the mark stands at the end, and each member of a mirror begins with the same bytes as the
 * mirror.
 */
#ifndef DEVICE_MARK_H
#define DEVICE_MARK_H

#include "base/reader.h"
#include <stdbool.h>

struct mark {
	const char *type;    /* as blkid(8) prints it; NULL: none */
	const char *version; /* of the metadata, or "" */
	const char *kind;    /* "an MD RAID": before @whole */
	const char *whole;   /* "array": what the device is a part of */
	uint64_t off;        /* of the mark's block */
	bool of_disk;        /* of a kind that only whole disks carry */
	bool at_end;         /* then byte 0 of the device can be byte 0 of the whole */
};

/*
 * The next mark on @r, from row *@row of the table on (0 at first; moved on). What is counted from the end is
 * validated by checksums, sizes or at least 30 bits, so that random data does not count. A place that cannot
 * be read has no mark; after three such reads behind the start no more are made there. False: no more.
 */
bool mark_next(const struct reader *r, unsigned *row, struct mark *out);

#endif
