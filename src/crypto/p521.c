/* SPDX-License-Identifier: MIT */
/* p521 - see p521.h. */
#include "crypto/p521.h"
#include "secret/wipe.h"

/* See p256.c. */
#define br_ec_prime_i31 p521_curve
#include <ec/ec_prime_i31.c>

/* @out = the order - @scalar. Returns the borrow: 1 if @scalar is greater. */
static unsigned from_order(const uint8_t scalar[P521_BYTES], uint8_t out[P521_BYTES])
{
	size_t len;
	const uint8_t *order = api_order(BR_EC_secp521r1, &len);
	unsigned borrow = 0;

	for (int i = P521_BYTES - 1; i >= 0; i--) {
		unsigned difference = (unsigned)order[i] - scalar[i] - borrow;

		out[i] = (uint8_t)difference;
		borrow = difference >> 31;
	}
	return borrow;
}

void p521_negate(const uint8_t scalar[P521_BYTES], uint8_t out[P521_BYTES])
{
	(void)from_order(scalar, out);
}

bool p521_scalar(uint8_t scalar[P521_BYTES])
{
	uint8_t rest[P521_BYTES];
	unsigned borrow, any = 0, any_rest = 0;

	scalar[0] &= 1; /* the order has 521 bits */
	borrow = from_order(scalar, rest);
	for (int i = 0; i < P521_BYTES; i++) {
		any |= scalar[i];
		any_rest |= rest[i];
	}
	wipe(rest, sizeof(rest));
	return !borrow & !!any & !!any_rest;
}

bool p521_add(struct p521_point *sum, const struct p521_point *point, const uint8_t scalar[P521_BYTES])
{
	static const uint8_t one[] = {1};
	bool ok = api_muladd(sum->bytes, point ? point->bytes : NULL, sizeof(sum->bytes), one, sizeof(one),
			  scalar, P521_BYTES, BR_EC_secp521r1) == 1;

	wipe_stack();
	return ok;
}
