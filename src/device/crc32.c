/* SPDX-License-Identifier: MIT */
/* crc32 - see crc32.h. */
#include "device/crc32.h"

uint32_t crc32_update(uint32_t crc, const uint8_t *data, size_t len)
{
	for (; len; len--) {
		crc ^= *data++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
	}
	return crc;
}
