/* SPDX-License-Identifier: MIT */
/*
 * fuzz_quick - the reader of headers without what takes the time and no input can change: the checksum is a
 * sum of the fields alone, and the memory of a copy and of its JSON is not mapped anew each time.
 */
#ifndef TESTS_FUZZ_QUICK_H
#define TESTS_FUZZ_QUICK_H

#define hash_run fuzz_hash_run
#include "../unit/header_image.h"
#include "fuzz_json_pool.h"
#include <sys/mman.h>
#define mmap(at, size, protection, flags, fd, off) fuzz_map(size)
#define munmap(at, size) fuzz_unmap(at)
static void *fuzz_map(size_t size);
static void fuzz_unmap(void *at);
#include "../../src/format/copy.c"
#undef mmap
#undef munmap
#include "../../src/format/luks2_binary.c"

enum { SUMMED_BYTES = 512 };

/* Of the first 512 bytes, in words of 8. */
void fuzz_hash_run(enum hash h, const struct bytes *parts, size_t n, uint8_t *out)
{
	uint64_t sum = h, word;
	size_t left = SUMMED_BYTES;

	for (size_t i = 0; i < n; i++)
		for (size_t at = 0; at + 8 <= parts[i].len && left; at += 8, left -= 8) {
			memcpy(&word, (const uint8_t *)parts[i].data + at, 8);
			sum = (sum ^ word) * 0x9e3779b97f4a7c15;
		}
	memset(out, 0, hash_bytes(h));
	memcpy(out, &sum, 8);
}

/* Of the exact size when it can be filled; a larger one only gets its first bytes. */
static uint8_t unfilled[4 << 20];

static void *fuzz_map(size_t size)
{
	return size > 2 * IMAGE_HDR_MIN ? unfilled : malloc(size);
}

static void fuzz_unmap(void *at)
{
	if (at != unfilled)
		free(at);
}

#endif
