/* SPDX-License-Identifier: MIT */
/* crc32 - the checksum of GPT, LVM and DDF: polynomial 0x04c11db7, bits from the low end. */
#ifndef DEVICE_CRC32_H
#define DEVICE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/*
 * The state @crc after @len bytes of @data. Where to begin and whether to invert the end is the format's
 * affair.
 */
uint32_t crc32_update(uint32_t crc, const uint8_t *data, size_t len);

#endif
