/* SPDX-License-Identifier: MIT */
/* cbc - AES-CBC over 512-byte sectors, with the IVs of dm-crypt that LUKS headers name. */
#ifndef CRYPTO_CBC_H
#define CRYPTO_CBC_H

#include <stddef.h>
#include <stdint.h>

/* Decrypt @sectors sectors in place, numbered from 0; @key has 16, 24 or 32 bytes. */

/* IV: the sector number, little-endian, zero-padded. plain and plain64 agree below 2^32. */
void cbc_aes_plain64_decrypt(const uint8_t *key, size_t key_bytes, uint8_t *data, size_t sectors);

/* IV: the sector number, encrypted with AES-256 under the SHA-256 of the key. */
void cbc_aes_essiv_sha256_decrypt(const uint8_t *key, size_t key_bytes, uint8_t *data, size_t sectors);

#endif
