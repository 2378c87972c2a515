/* SPDX-License-Identifier: MIT */
/*
 * xts - see xts.h.
 *
 * BearSSL has no XTS, but its CBC decryption processes several blocks at once and uses the
 * processor's AES instructions. XTS is P = D(C ^ T) ^ T for each block. Handing the run
 * X = C ^ T to CBC with a zero IV gives D(X[i]) ^ X[i-1]; undoing that chaining and adding
 * T leaves P.
 */
#include "crypto/xts.h"
#include "crypto/aes.h"
#include "crypto/cipher.h"
#include "secret/wipe.h"
#include <string.h>

enum { BLOCK = AES_BLOCK_BYTES };

/* Multiply by x in GF(2^128), IEEE 1619 5.2: little-endian, so byte 15 is the top. */
static void next_tweak(uint8_t *next, const uint8_t *t)
{
	uint8_t carry = 0;

	for (int i = 0; i < BLOCK; i++) {
		next[i] = (uint8_t)(t[i] << 1 | carry);
		carry = t[i] >> 7;
	}
	next[0] ^= (uint8_t)(0x87 & -carry);
}

static void xor_bytes(uint8_t *dst, const uint8_t *src, size_t len)
{
	for (size_t i = 0; i < len; i++)
		dst[i] ^= src[i];
}

/* Secret working memory of one sector. */
struct sector {
	uint8_t tweak[CIPHER_SECTOR_BYTES]; /* of each block */
	uint8_t chain[CIPHER_SECTOR_BYTES]; /* what CBC adds to each block */
};

static void decrypt_sector(const br_block_cbcdec_class *class, const br_block_cbcdec_class *const *data_key,
	struct sector *s, uint8_t *data)
{
	uint8_t zero_iv[BLOCK] = {0};

	for (size_t i = BLOCK; i < CIPHER_SECTOR_BYTES; i += BLOCK)
		next_tweak(s->tweak + i, s->tweak + i - BLOCK);
	xor_bytes(data, s->tweak, CIPHER_SECTOR_BYTES);
	memset(s->chain, 0, BLOCK);
	memcpy(s->chain + BLOCK, data, CIPHER_SECTOR_BYTES - BLOCK);
	class->run(data_key, zero_iv, data, CIPHER_SECTOR_BYTES);
	xor_bytes(data, s->chain, CIPHER_SECTOR_BYTES);
	xor_bytes(data, s->tweak, CIPHER_SECTOR_BYTES);
}

void xts_aes_decrypt(const uint8_t *key, size_t key_bytes, uint8_t *data, size_t sectors)
{
	struct aes aes = aes_choose();
	br_aes_gen_cbcdec_keys data_key;
	br_aes_gen_cbcenc_keys tweak_key;
	struct sector s;

	aes.decrypt->init(&data_key.vtable, key, key_bytes / 2);
	aes.encrypt->init(&tweak_key.vtable, key + key_bytes / 2, key_bytes / 2);
	for (size_t n = 0; n < sectors; n++) {
		uint8_t zero_iv[BLOCK] = {0};

		memset(s.tweak, 0, BLOCK);
		for (int i = 0; i < 8; i++)
			s.tweak[i] = (uint8_t)((uint64_t)n >> (8 * i));
		aes.encrypt->run(&tweak_key.vtable, zero_iv, s.tweak, BLOCK);
		decrypt_sector(aes.decrypt, &data_key.vtable, &s, data + n * CIPHER_SECTOR_BYTES);
	}
	wipe(&data_key, sizeof(data_key));
	wipe(&tweak_key, sizeof(tweak_key));
	wipe(&s, sizeof(s));
}
