/* SPDX-License-Identifier: MIT */
/*
 * fuzz_pieces - a device of 1 MiB made from pieces: what filesystems and partition tables are read from.
 *
 *     place (3 bytes, big-endian), length (1), so many bytes; again until the input is used up
 *
 * The first two bytes of the input say how long the device is, in units of 16 bytes; 0: all of it.
 */
#ifndef TESTS_FUZZ_PIECES_H
#define TESTS_FUZZ_PIECES_H

#include "base/reader.h"
#include "fuzz.h"

enum { PIECES_BYTES = 1 << 20, PIECES_READS_MAX = 400000 };

static uint8_t pieces[PIECES_BYTES];
static uint64_t pieces_size;
static unsigned pieces_reads;

static enum cause pieces_read_at(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	(void)ctx, (void)err;
	fuzz_check(off <= pieces_size && len <= pieces_size - off, "a read beyond the end of the device");
	fuzz_check(++pieces_reads < PIECES_READS_MAX, "no end of reading");
	memcpy(buf, pieces + off, len);
	return CAUSE_OK;
}

/* Put the pieces, or with @clear zeroes in their place: the next input begins with an empty device. */
static struct reader pieces_put(struct fuzz_input in, bool clear)
{
	pieces_size = fuzz_number(&in, 2) * 16;
	if (!pieces_size || pieces_size > PIECES_BYTES)
		pieces_size = PIECES_BYTES;
	while (in.size) {
		size_t off = (size_t)fuzz_number(&in, 3) % PIECES_BYTES, len = fuzz_byte(&in);

		for (; len && in.size; len--, off = (off + 1) % PIECES_BYTES) {
			uint8_t byte = fuzz_byte(&in);

			pieces[off] = clear ? 0 : byte;
		}
	}
	pieces_reads = 0;
	return (struct reader){pieces_read_at, NULL, pieces_size, "device"};
}

#endif
