/* SPDX-License-Identifier: MIT */
/*
 * hash - the hashes that LUKS headers name, by value.
 *
 * Header text becomes an enum here once; afterwards nobody compares strings. All hash
 * work of the program goes through this folder.
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "base/bytes.h"
#include "crypto/progress.h"
#include <stdatomic.h>

enum hash { HASH_SHA1, HASH_SHA224, HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_COUNT };

enum { HASH_MAX_BYTES = 64 };

/*
 * The hash that a header calls @name ("sha256"; "SHA256" is what cryptsetup writes when asked for it so).
 * False when it is not one of ours.
 */
bool hash_find(const char *name, enum hash *out);

const char *hash_name(enum hash h);

/* Which implementation of @h this processor runs ("SHA-NI"). */
const char *hash_implementation(enum hash h);

/* Output length in bytes. */
size_t hash_bytes(enum hash h);

/* Hash @n runs of bytes as if they stood one behind the other; @out gets hash_bytes(h). */
void hash_run(enum hash h, const struct bytes *parts, size_t n, uint8_t *out);

/*
 * PBKDF2-HMAC (RFC 8018, 5.2) into @out, @out_bytes long.
 * @iterations is at least 1; nothing here can fail.
 */
void hash_pbkdf2(enum hash h, struct bytes password, struct bytes salt, uint32_t iterations, uint8_t *out,
	size_t out_bytes);

/*
 * The same, with iterations told to @progress, and given up soon after @stop became true: @out is then worth nothing.
 * Both may be NULL.
 */
void hash_pbkdf2_told(enum hash h, struct bytes password, struct bytes salt, uint32_t iterations,
	uint8_t *out, size_t out_bytes, const struct progress *progress, const atomic_bool *stop);

#endif
