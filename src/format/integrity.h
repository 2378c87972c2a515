/* SPDX-License-Identifier: MIT */
/*
 * integrity - the superblock of dm-integrity, where the data begins (kernel: drivers/md/dm-integrity.c,
 * struct superblock).
 *
 * The kernel formats the device where it finds zeroes in its place: no table may be loaded over one that was
 * not read and found to be what the header says.
 */
#ifndef FORMAT_INTEGRITY_H
#define FORMAT_INTEGRITY_H

#include "base/reader.h"
#include "format/luks.h"

/*
 * The size of the data of @seg on the device @data, in bytes, as the superblock says. The cipher of @seg has
 * integrity.
 * Fails: CAUSE_DAMAGED (none is there, or it contradicts the header), CAUSE_UNSUPPORTED (flags),
 * CAUSE_DEVICE.
 */
enum cause integrity_size(const struct reader *data, const struct luks_segment *seg, uint64_t *size_bytes,
	struct error *err) MUST_USE;

#endif
