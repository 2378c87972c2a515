/* SPDX-License-Identifier: MIT */
/*
 * hmac - SHA-256 in BearSSL's one portable form, and HMAC (RFC 2104) and HKDF (RFC 5869) with it.
 *
 * For token programs, which compute a handful of blocks: hash.h has every hash in several forms, and is
 * longer than such a program may be.
 */
#ifndef CRYPTO_HMAC_H
#define CRYPTO_HMAC_H

#include "base/bytes.h"

enum { HMAC_BYTES = 32, HMAC_SHA1_BYTES = 20 };

/* SHA-256 of @n runs of bytes as if they stood one behind the other. */
void hmac_sha256(const struct bytes *parts, size_t n, uint8_t out[HMAC_BYTES]);

/* The same with SHA-1, for names that were made with it. */
void hmac_sha1(const struct bytes *parts, size_t n, uint8_t out[HMAC_SHA1_BYTES]);

/* HMAC-SHA-256 of them under @key. */
void hmac_run(struct bytes key, const struct bytes *parts, size_t n, uint8_t out[HMAC_BYTES]);

/* HKDF-SHA-256 of @ikm: its first 32 bytes. */
void hmac_hkdf(struct bytes ikm, struct bytes salt, struct bytes info, uint8_t out[HMAC_BYTES]);

#endif
