/* SPDX-License-Identifier: MIT */
/*
 * wire - structures of the TPM to bytes and back, within bounds (TPM 2.0 Library, part 2: Structures, 4.2
 * and 10.4).
 *
 * All numbers are big-endian. A sized buffer (TPM2B) is a length of 16 bits and so many bytes. Neither
 * side ever goes beyond its bounds: what does not fit, or is not there, sets a mark that is asked for
 * once, at the end.
 */
#ifndef TOKEN_TPM2_WIRE_H
#define TOKEN_TPM2_WIRE_H

#include "base/bytes.h"

/* What is being written: into @room bytes at @data, which are the caller's. */
struct wire_out {
	uint8_t *data;
	size_t room, len;
	bool full; /* something did not fit and was left out */
};

void wire_put(struct wire_out *out, const void *data, size_t len);
void wire_put_u8(struct wire_out *out, uint8_t v);
void wire_put_u16(struct wire_out *out, uint16_t v);
void wire_put_u32(struct wire_out *out, uint32_t v);

/* A sized buffer. */
void wire_put_sized(struct wire_out *out, const void *data, size_t len);

/* What is being read; the bytes stay the caller's. */
struct wire_in {
	const uint8_t *data;
	size_t left;
	bool cut; /* more was asked for than there was; everything since then is zero */
};

uint8_t wire_u8(struct wire_in *in);
uint16_t wire_u16(struct wire_in *in);
uint32_t wire_u32(struct wire_in *in);

/* The next @len bytes, in place; none when they are not all there. */
struct bytes wire_get(struct wire_in *in, size_t len);

/* The content of a sized buffer, in place; none when it is longer than @max or not all there. */
struct bytes wire_sized(struct wire_in *in, size_t max);

/* Was everything there, and is nothing left? */
bool wire_is_whole(const struct wire_in *in);

#endif
