/* SPDX-License-Identifier: MIT */
/* base64 - RFC 4648 section 4, strictly: padding required, no blanks, no spare bits. */
#ifndef FORMAT_BASE64_H
#define FORMAT_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decode @text into @out (@room bytes) and set @len. False when it is not base64 or does not fit. */
bool base64_decode(const char *text, uint8_t *out, size_t room, size_t *len);

#endif
