/* SPDX-License-Identifier: MIT */
/* base64url - RFC 4648 section 5 as JOSE has it (RFC 7515, 2), strictly: no padding, no spare bits. */
#ifndef TOKEN_CLEVIS_BASE64URL_H
#define TOKEN_CLEVIS_BASE64URL_H

#include "base/bytes.h"

/* Decode @text into @out (@room bytes) and set @len. False when it is not base64url or does not fit. */
bool base64url_decode(struct bytes text, uint8_t *out, size_t room, size_t *len);

/* The same of exactly @len bytes, from a string; NULL is none. */
bool base64url_exact(const char *text, uint8_t *out, size_t len);

/* Characters of @bytes bytes. */
#define BASE64URL_CHARS(bytes) (((bytes)*4 + 2) / 3)

/* Encode @len bytes as a string: BASE64URL_CHARS(@len) and a NUL, with room for 3 more. */
void base64url_encode(const uint8_t *in, size_t len, char *out);

#endif
