/* SPDX-License-Identifier: MIT */
/* gcm - AES-256-GCM (SP 800-38D) with BearSSL's portable parts, for token programs; not part of latchkey. */
#ifndef CRYPTO_GCM_H
#define CRYPTO_GCM_H

#include "base/bytes.h"

enum { GCM_KEY_BYTES = 32, GCM_IV_BYTES = 12, GCM_TAG_BYTES = 16 };

/*
 * Decrypt @len bytes in place. False, and the bytes are as they were, when @tag is not that of them and of
 * @aad.
 */
bool gcm_decrypt(const uint8_t key[GCM_KEY_BYTES], const uint8_t iv[GCM_IV_BYTES], struct bytes aad,
	uint8_t *data, size_t len, const uint8_t tag[GCM_TAG_BYTES]);

#endif
