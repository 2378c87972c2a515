/* SPDX-License-Identifier: MIT */
/* base64 - RFC 4648 section 4, strictly: padding required, no blanks, no spare bits. */
#ifndef FORMAT_BASE64_H
#define FORMAT_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decode @text into @out (@room bytes) and set @len. False when it is not base64 or does not fit. */
bool base64_decode(const char *text, uint8_t *out, size_t room, size_t *len);

/* Characters of @bytes bytes, with padding, without a NUL. */
#define BASE64_CHARS(bytes) (((bytes) + 2) / 3 * 4)

/* Encode @len bytes into @out: BASE64_CHARS(@len) of it, no NUL. In constant time: it may be a secret. */
void base64_encode(const uint8_t *in, size_t len, char *out);

#endif
