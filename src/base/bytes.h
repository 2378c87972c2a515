/* SPDX-License-Identifier: MIT */
/*
 * bytes - loads in either byte order and the one bounds check.
 *
 * On-disk integers of LUKS are big-endian (LUKS2 specification 2.1), those of most other formats
 * little-endian. They are loaded byte by byte: no packed structs, no casts, no alignment to think of.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The compiler takes the bytes for more code than the one instruction that it then makes of them. */
#define LOAD inline __attribute__((always_inline))

/* A run of bytes that somebody else owns. */
struct bytes {
	const void *data;
	size_t len;
};

static LOAD uint16_t bytes_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static LOAD uint32_t bytes_be32(const uint8_t *p)
{
	return (uint32_t)bytes_be16(p) << 16 | bytes_be16(p + 2);
}

static LOAD uint64_t bytes_be64(const uint8_t *p)
{
	return (uint64_t)bytes_be32(p) << 32 | bytes_be32(p + 4);
}

static LOAD uint16_t bytes_le16(const uint8_t *p)
{
	return (uint16_t)(p[1] << 8 | p[0]);
}

static LOAD uint32_t bytes_le32(const uint8_t *p)
{
	return (uint32_t)bytes_le16(p + 2) << 16 | bytes_le16(p);
}

static LOAD uint64_t bytes_le64(const uint8_t *p)
{
	return (uint64_t)bytes_le32(p + 4) << 32 | bytes_le32(p);
}

static inline void bytes_put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* Is [off, off + len) inside [low, high)? Cannot overflow. */
static inline bool bytes_inside(uint64_t off, uint64_t len, uint64_t low, uint64_t high)
{
	return off >= low && off <= high && len <= high - off;
}

/* Do [a, a + a_len) and [b, b + b_len) share a byte? Both must already be inside something. */
static inline bool bytes_overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a_len && b_len && a < b + b_len && b < a + a_len;
}

#endif
