/* SPDX-License-Identifier: MIT */
/*
 * hash - the hashes that LUKS headers name, by value.
 *
 * Header text becomes an enum here once; after that no code compares strings. All hashing of the program is
 * done in this folder.
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "base/bytes.h"
#include "crypto/progress.h"
#include <stdatomic.h>

enum hash {
	HASH_SHA1,
	HASH_SHA224,
	HASH_SHA256,
	HASH_SHA384,
	HASH_SHA512,
	HASH_BLAKE2B_512,
	HASH_SHA3_224,
	HASH_SHA3_256,
	HASH_SHA3_384,
	HASH_SHA3_512,
	HASH_COUNT
};

enum { HASH_MAX_BYTES = 64 };

/*
 * The hash that a header calls @name ("sha256"; cryptsetup writes "SHA256" when it is given that).
 * False when it is not one of ours.
 */
bool hash_find(const char *name, enum hash *out);

const char *hash_name(enum hash h);

/* The implementation of @h that this processor runs ("SHA-NI"). */
const char *hash_implementation(enum hash h);

/* Output length in bytes. */
size_t hash_bytes(enum hash h);

/* Hash @n runs of bytes as if they were concatenated; @out gets hash_bytes(h). */
void hash_run(enum hash h, const struct bytes *parts, size_t n, uint8_t *out);

/* HMAC (RFC 2104); @out gets hash_bytes(h). */
void hash_hmac(enum hash h, struct bytes key, struct bytes message, uint8_t *out);

/* PBKDF2-HMAC (RFC 8018, 5.2). */
struct pbkdf2 {
	enum hash hash;
	struct bytes password, salt;
	uint32_t iterations; /* at least 1 */
};

/* The time of @blocks blocks of output on one processor, in tenths of the time of one. */
unsigned hash_pbkdf2_time(enum hash h, unsigned blocks);

/* Derive @out_bytes bytes into @out; cannot fail. */
void hash_pbkdf2(const struct pbkdf2 *p, uint8_t *out, size_t out_bytes);

/*
 * The same, from block number @first (1 is the beginning; hash_bytes(hash) each) on; reports iterations to
 * @progress and stops soon after @stop becomes true: @out is then invalid. Both may be NULL.
 */
void hash_pbkdf2_from(const struct pbkdf2 *p, uint32_t first, uint8_t *out, size_t out_bytes,
	const struct progress *progress, const atomic_bool *stop);

#endif
