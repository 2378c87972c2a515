/* SPDX-License-Identifier: MIT */
/*
 * p521 - the curve P-521 (FIPS 186-4, D.1.2.5), for token programs; not part of latchkey.
 *
 * Coordinates and scalars are 66 bytes, big-endian. As crypto/p256.h: constant-time, small, and slow.
 */
#ifndef CRYPTO_P521_H
#define CRYPTO_P521_H

#include <stdbool.h>
#include <stdint.h>

enum { P521_BYTES = 66, P521_X = 1, P521_Y = P521_X + P521_BYTES, P521_POINT_BYTES = P521_Y + P521_BYTES };

/* Uncompressed: 4, x, y (SEC 1, 2.3.3). */
struct p521_point {
	uint8_t bytes[P521_POINT_BYTES];
};

/* From 66 random bytes a scalar from 1 to the curve's order - 1. False: draw others. */
bool p521_scalar(uint8_t scalar[P521_BYTES]);

/* The order - @scalar. */
void p521_negate(const uint8_t scalar[P521_BYTES], uint8_t out[P521_BYTES]);

/*
 * @sum += @scalar times @point; NULL: the generator. False when one of them is not a point of the curve, or
 * the sum is none that has coordinates.
 */
bool p521_add(struct p521_point *sum, const struct p521_point *point, const uint8_t scalar[P521_BYTES]);

#endif
