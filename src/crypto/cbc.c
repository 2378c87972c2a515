/* SPDX-License-Identifier: MIT */
/* cbc - see cbc.h. */
#include "crypto/cbc.h"
#include "crypto/aes.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "secret/wipe.h"
#include <string.h>

static void sector_iv(uint8_t iv[static AES_BLOCK_BYTES], size_t n)
{
	memset(iv, 0, AES_BLOCK_BYTES);
	for (int i = 0; i < 8; i++)
		iv[i] = (uint8_t)((uint64_t)n >> (8 * i));
}

/* With @iv_key the IVs are encrypted under it. */
static void decrypt(const uint8_t *key, size_t key_bytes, const br_block_cbcenc_class *const *iv_key,
	uint8_t *data, size_t sectors)
{
	struct aes aes = aes_choose();
	br_aes_gen_cbcdec_keys data_key;
	uint8_t iv[AES_BLOCK_BYTES], zero[AES_BLOCK_BYTES];

	aes.decrypt->init(&data_key.vtable, key, key_bytes);
	for (size_t n = 0; n < sectors; n++) {
		sector_iv(iv, n);
		if (iv_key) {
			memset(zero, 0, sizeof(zero));
			aes.encrypt->run(iv_key, zero, iv, sizeof(iv));
		}
		aes.decrypt->run(&data_key.vtable, iv, data + n * CIPHER_SECTOR_BYTES, CIPHER_SECTOR_BYTES);
	}
	wipe(&data_key, sizeof(data_key));
}

void cbc_aes_plain64_decrypt(const uint8_t *key, size_t key_bytes, uint8_t *data, size_t sectors)
{
	decrypt(key, key_bytes, NULL, data, sectors);
}

void cbc_aes_essiv_sha256_decrypt(const uint8_t *key, size_t key_bytes, uint8_t *data, size_t sectors)
{
	br_aes_gen_cbcenc_keys iv_key;
	uint8_t salt[HASH_MAX_BYTES];

	hash_run(HASH_SHA256, &(struct bytes){key, key_bytes}, 1, salt);
	aes_choose().encrypt->init(&iv_key.vtable, salt, hash_bytes(HASH_SHA256));
	decrypt(key, key_bytes, &iv_key.vtable, data, sectors);
	wipe(salt, sizeof(salt));
	wipe(&iv_key, sizeof(iv_key));
}
