/* SPDX-License-Identifier: MIT */
/* names - UUIDs and UTF-16 labels of other formats, as text. */
#ifndef DEVICE_NAMES_H
#define DEVICE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAMES_UUID_BYTES = 37 };

/* The 16 bytes @raw; @mixed: with the first three fields little-endian, as in GPT. All zero is "". */
void names_uuid(char out[static NAMES_UUID_BYTES], const uint8_t raw[static 16], bool mixed);

/* Hexadecimal digits to upper case. */
void names_upper(char *hex);

/* The serial number of a FAT filesystem: "1234-ABCD". */
void names_serial(char out[static 10], uint32_t serial);

/*
 * Little-endian UTF-16 up to a zero or @units, as UTF-8, cut at @size bytes between two characters. Half a
 * surrogate pair becomes '?'.
 */
void names_utf16(char *out, size_t size, const uint8_t *raw, size_t units);

/* Cut blanks at the end, as blkid does. */
void names_trim(char *s);

#endif
