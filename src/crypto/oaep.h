/* SPDX-License-Identifier: MIT */
/* oaep - encryption to an RSA key: RSAES-OAEP with SHA-256 (RFC 8017, 7.1.1), for token programs. */
#ifndef CRYPTO_OAEP_H
#define CRYPTO_OAEP_H

#include "base/bytes.h"

enum {
	OAEP_SEED_BYTES = 32,
	OAEP_MODULUS_MAX_BYTES = 512,
};

/*
 * Encrypt @message to the key (@modulus, @exponent) into @out, which gets as many bytes as the modulus
 * has. @seed is OAEP_SEED_BYTES of random. False when the modulus has another size than 128 to
 * OAEP_MODULUS_MAX_BYTES, its first byte is zero, it is even, or the message is too long for it.
 */
bool oaep_encrypt(struct bytes modulus, uint32_t exponent, struct bytes label, struct bytes message,
	const uint8_t *seed, uint8_t *out);

#endif
