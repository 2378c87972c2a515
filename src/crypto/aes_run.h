/* SPDX-License-Identifier: MIT */
/*
 * aes_run - AES-CBC over one run of bytes with a given IV (SP 800-38A, 6.2), for token programs.
 *
 * BearSSL's constant-time code for any processor; cbc.h and xts.h choose the fastest one that there is.
 */
#ifndef CRYPTO_AES_RUN_H
#define CRYPTO_AES_RUN_H

#include <stddef.h>
#include <stdint.h>

enum { AES_RUN_BLOCK_BYTES = 16 };

/* In place; @len is a multiple of 16, @key has 16, 24 or 32 bytes. No padding. */
void aes_run_cbc_encrypt(const uint8_t *key, size_t key_bytes, const uint8_t iv[AES_RUN_BLOCK_BYTES],
	uint8_t *data, size_t len);
void aes_run_cbc_decrypt(const uint8_t *key, size_t key_bytes, const uint8_t iv[AES_RUN_BLOCK_BYTES],
	uint8_t *data, size_t len);

#endif
