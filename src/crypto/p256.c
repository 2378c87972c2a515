/* SPDX-License-Identifier: MIT */
/* p256 - see p256.h. */
#include "crypto/p256.h"
#include "secret/wipe.h"
#include <string.h>

/*
 * The library's own file, so that the compiler sees which curve is used, and leaves out the others and what
 * serves signatures (1.7 KB). Its one global has another name in each file that does so.
 */
#define br_ec_prime_i31 p256_curve
#include <ec/ec_prime_i31.c>

/* Uncompressed: 4, x, y (SEC 1, 2.3.3). */
enum { POINT_BYTES = 1 + 2 * P256_BYTES };

/* Its order (FIPS 186-4, D.1.2.3). */
static const uint8_t order[P256_BYTES] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63,
	0x25, 0x51};

/* 1 to order - 1? The borrow of scalar - order, and any bit at all. */
static bool is_scalar(const uint8_t *scalar)
{
	unsigned borrow = 0, any = 0;

	for (int i = P256_BYTES - 1; i >= 0; i--) {
		borrow = ((unsigned)scalar[i] - order[i] - borrow) >> 31;
		any |= scalar[i];
	}
	return borrow & (any != 0);
}

bool p256_public(const uint8_t scalar[P256_BYTES], struct p256_point *out)
{
	uint8_t point[POINT_BYTES];

	(void)api_mulgen(point, scalar, P256_BYTES, BR_EC_secp256r1);
	memcpy(out->x, point + 1, P256_BYTES);
	memcpy(out->y, point + 1 + P256_BYTES, P256_BYTES);
	return is_scalar(scalar);
}

bool p256_shared(const uint8_t scalar[P256_BYTES], const struct p256_point *peer, uint8_t z[P256_BYTES])
{
	uint8_t point[POINT_BYTES] = {4};
	bool ok;

	memcpy(point + 1, peer->x, P256_BYTES);
	memcpy(point + 1 + P256_BYTES, peer->y, P256_BYTES);
	ok = api_mul(point, sizeof(point), scalar, P256_BYTES, BR_EC_secp256r1) == 1;
	ok &= is_scalar(scalar);
	memcpy(z, point + 1, P256_BYTES);
	wipe(point, sizeof(point));
	wipe_stack();
	return ok;
}
