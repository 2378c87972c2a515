/* SPDX-License-Identifier: MIT */
/* names - see names.h. */
#include "device/names.h"
#include "base/bytes.h"
#include "base/text.h"
#include <string.h>

void names_uuid(char out[static NAMES_UUID_BYTES], const uint8_t raw[static 16], bool mixed)
{
	static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	unsigned used = 0, any = 0;

	for (unsigned i = 0; i < 16; i++) {
		if (i >= 4 && i <= 10 && i % 2 == 0)
			out[used++] = '-';
		text_format(out + used, 3, "%02x", raw[mixed ? order[i] : i]);
		any |= raw[i];
		used += 2;
	}
	if (!any)
		*out = 0;
}

void names_upper(char *hex)
{
	for (; *hex; hex++)
		if (*hex >= 'a')
			*hex -= 'a' - 'A';
}

void names_serial(char out[static 10], uint32_t serial)
{
	text_format(out, 10, "%04x-%04x", serial >> 16, serial & 0xffff);
	names_upper(out);
}

/* One character to its UTF-8 bytes; their number. */
static size_t put_utf8(uint8_t out[static 4], uint32_t c)
{
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (len == 1) {
		out[0] = (uint8_t)c;
		return 1;
	}
	for (size_t i = len - 1; i; i--, c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
	out[0] = (uint8_t)(0xf00 >> len | c);
	return len;
}

void names_utf16(char *out, size_t size, const uint8_t *raw, size_t units)
{
	uint8_t utf8[4];
	size_t used = 0, len;

	for (size_t i = 0; i < units; i++) {
		uint32_t c = bytes_le16(raw + 2 * i);
		uint32_t low = i + 1 < units ? bytes_le16(raw + 2 * i + 2) : 0;

		if (!c)
			break;
		if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i++;
		} else if (c >= 0xd800 && c < 0xe000) {
			c = '?';
		}
		len = put_utf8(utf8, c);
		if (used + len >= size)
			break;
		memcpy(out + used, utf8, len);
		used += len;
	}
	out[used] = 0;
}

void names_trim(char *s)
{
	size_t len = strlen(s);

	while (len && s[len - 1] == ' ')
		s[--len] = 0;
}
