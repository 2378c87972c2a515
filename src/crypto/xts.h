/* SPDX-License-Identifier: MIT */
/* xts - AES-XTS (IEEE 1619) over 512-byte sectors with plain64 tweaks. */
#ifndef CRYPTO_XTS_H
#define CRYPTO_XTS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decrypt @sectors sectors in place, numbered from 0. The first half of @key (32, 48 or
 * 64 bytes) is the data key, the second the tweak key.
 */
void xts_aes_decrypt(const uint8_t *key, size_t key_bytes, uint8_t *data, size_t sectors);

#endif
