/* SPDX-License-Identifier: MIT */
/*
 * reader - the first seam: bytes at an offset, from anything.
 *
 * Everything from header bytes to volume key takes a reader, so that it runs the same on
 * a block device, a file, or a memory image in a test.
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/cause.h"
#include <stdint.h>

struct reader {
	/*
	 * Read exactly @len bytes at @off into @buf.
	 * Fails: CAUSE_DEVICE when the range is not inside the device or cannot be read.
	 */
	enum cause (*read_at)(void *ctx, void *buf, size_t len, uint64_t off, struct error *err);
	void *ctx;
	uint64_t size_bytes; /* of the whole device */
	const char *name;    /* for messages; printable */
};

/* A reader over @len bytes at @data, which stay the caller's. */
struct reader reader_memory(const void *data, size_t len, const char *name);

/* read_at with the bounds checked first: no implementation sees a range outside the device. */
enum cause reader_read(const struct reader *r, void *buf, size_t len, uint64_t off,
	struct error *err) MUST_USE;

#endif
