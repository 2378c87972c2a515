/* SPDX-License-Identifier: MIT */
/*
 * pinuv - PIN/UV auth protocols one and two (CTAP 2.1, sections 6.5.6 and 6.5.7): how secrets pass to a key
 * and back.
 */
#ifndef FIDO2_PINUV_H
#define FIDO2_PINUV_H

#include "base/bytes.h"
#include "crypto/p256.h"

enum {
	PINUV_ONE = 1,
	PINUV_TWO = 2,
	PINUV_IV_BYTES = 16,
	PINUV_MAC_MAX_BYTES = 32,
	PINUV_TEXT_MAX_BYTES = 64, /* of what is encrypted here */
	PINUV_SEALED_MAX_BYTES = PINUV_TEXT_MAX_BYTES + PINUV_IV_BYTES,
};

/* What both sides know after the key agreement. Secret. */
struct pinuv {
	unsigned protocol;
	uint8_t mac_key[32], aes_key[32];
};

/* From the x coordinate of the shared point. */
void pinuv_derive(struct pinuv *p, unsigned protocol, const uint8_t z[P256_BYTES]);

/*
 * Encrypt @len bytes, a multiple of 16, into @out; returns its bytes. @iv is random; protocol one has none.
 */
size_t pinuv_encrypt(const struct pinuv *p, const uint8_t iv[PINUV_IV_BYTES], const uint8_t *text, size_t len,
	uint8_t out[PINUV_SEALED_MAX_BYTES]);

/* Decrypt into @out (@room bytes) and set @len. False when @sealed has not the form or does not fit. */
bool pinuv_decrypt(const struct pinuv *p, struct bytes sealed, uint8_t *out, size_t room, size_t *len);

/* Authenticate @message under @key; returns the bytes of @out. */
size_t pinuv_authenticate(unsigned protocol, struct bytes key, struct bytes message,
	uint8_t out[PINUV_MAC_MAX_BYTES]);

#endif
