/* SPDX-License-Identifier: MIT */
/*
 * p256 - Diffie-Hellman on the curve P-256 (SP 800-56A, 5.7.1.2), for token programs; not part of latchkey.
 *
 * Coordinates and scalars are 32 bytes, big-endian. BearSSL's code for any curve and processor:
 * constant-time, small, and slow, which does not matter for two operations.
 */
#ifndef CRYPTO_P256_H
#define CRYPTO_P256_H

#include <stdbool.h>
#include <stdint.h>

enum { P256_BYTES = 32 };

struct p256_point {
	uint8_t x[P256_BYTES], y[P256_BYTES];
};

/* The public point of @scalar. False when it is 0 or not below the curve's order: draw another one. */
bool p256_public(const uint8_t scalar[P256_BYTES], struct p256_point *out);

/* The x coordinate of @scalar times @peer into @z. False when @peer is not a point of the curve. */
bool p256_shared(const uint8_t scalar[P256_BYTES], const struct p256_point *peer, uint8_t z[P256_BYTES]);

#endif
