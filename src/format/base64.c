/* SPDX-License-Identifier: MIT */
/* base64 - see base64.h. */
#include "format/base64.h"
#include <string.h>

/* 0 to 63, or -1. */
static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Four characters, the last @pad of them '=', to 3 - @pad bytes. */
static bool decode_group(const char *text, int pad, uint8_t *out)
{
	uint32_t bits = 0;

	for (int i = 0; i < 4; i++) {
		int v = i < 4 - pad ? sextet(text[i]) : 0;

		if (v < 0)
			return false;
		bits = bits << 6 | (uint32_t)v;
	}
	/* Bits that belong to no byte must be zero: one text for one value. */
	if (bits & ((1u << 8 * pad) - 1))
		return false;
	for (int i = 0; i < 3 - pad; i++)
		out[i] = (uint8_t)(bits >> (16 - 8 * i));
	return true;
}

bool base64_decode(const char *text, uint8_t *out, size_t room, size_t *len)
{
	size_t chars = strlen(text), used = 0;

	if (chars % 4)
		return false;
	for (size_t at = 0; at < chars; at += 4) {
		int pad = 0;

		if (at + 4 == chars && text[at + 3] == '=')
			pad = text[at + 2] == '=' ? 2 : 1;
		if (room - used < (size_t)(3 - pad) || !decode_group(text + at, pad, out + used))
			return false;
		used += (size_t)(3 - pad);
	}
	*len = used;
	return true;
}

/* Arithmetic, not a table: which cache line was read would tell the value. */
static char character(unsigned v)
{
	unsigned c = 'A' + v;

	c += ((25 - v) >> 16) & ('a' - 26 - 'A');
	c += ((51 - v) >> 16) & (unsigned)('0' - 52 - ('a' - 26));
	c += ((61 - v) >> 16) & (unsigned)('+' - 62 - ('0' - 52));
	c += ((62 - v) >> 16) & ('/' - 63 - ('+' - 62));
	return (char)c;
}

void base64_encode(const uint8_t *in, size_t len, char *out)
{
	for (size_t i = 0; i < len; i += 3) {
		uint32_t bits = (uint32_t)in[i] << 16;

		if (i + 1 < len)
			bits |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < len)
			bits |= in[i + 2];
		*out++ = character(bits >> 18);
		*out++ = character(bits >> 12 & 63);
		*out++ = i + 1 < len ? character(bits >> 6 & 63) : '=';
		*out++ = i + 2 < len ? character(bits & 63) : '=';
	}
}
