/* SPDX-License-Identifier: MIT */
/* pinuv - see pinuv.h. */
#include "token/fido2/pinuv.h"
#include "crypto/aes_run.h"
#include "crypto/hmac.h"
#include <string.h>

static const uint8_t zeros[32];

void pinuv_derive(struct pinuv *p, unsigned protocol, const uint8_t z[P256_BYTES])
{
	struct bytes secret = {z, P256_BYTES}, salt = {zeros, sizeof(zeros)};

	p->protocol = protocol;
	if (protocol == PINUV_ONE) {
		hmac_sha256(&secret, 1, p->mac_key);
		memcpy(p->aes_key, p->mac_key, sizeof(p->aes_key));
		return;
	}
	hmac_hkdf(secret, salt, (struct bytes){"CTAP2 HMAC key", 14}, p->mac_key);
	hmac_hkdf(secret, salt, (struct bytes){"CTAP2 AES key", 13}, p->aes_key);
}

/* Bytes in front of the encrypted text. */
static size_t iv_bytes(const struct pinuv *p)
{
	return p->protocol == PINUV_ONE ? 0 : PINUV_IV_BYTES;
}

size_t pinuv_encrypt(const struct pinuv *p, const uint8_t iv[PINUV_IV_BYTES], const uint8_t *text, size_t len,
	uint8_t out[PINUV_SEALED_MAX_BYTES])
{
	size_t front = iv_bytes(p);

	memcpy(out, iv, front);
	memcpy(out + front, text, len);
	aes_run_cbc_encrypt(p->aes_key, sizeof(p->aes_key), front ? iv : zeros, out + front, len);
	return front + len;
}

bool pinuv_decrypt(const struct pinuv *p, struct bytes sealed, uint8_t *out, size_t room, size_t *len)
{
	const uint8_t *data = sealed.data;
	size_t front = iv_bytes(p);

	if (sealed.len <= front || sealed.len - front > room || (sealed.len - front) % AES_RUN_BLOCK_BYTES)
		return false;
	*len = sealed.len - front;
	memcpy(out, data + front, *len);
	aes_run_cbc_decrypt(p->aes_key, sizeof(p->aes_key), front ? data : zeros, out, *len);
	return true;
}

size_t pinuv_authenticate(unsigned protocol, struct bytes key, struct bytes message,
	uint8_t out[PINUV_MAC_MAX_BYTES])
{
	hmac_run(key, &message, 1, out);
	return protocol == PINUV_ONE ? 16 : HMAC_BYTES;
}
