/* SPDX-License-Identifier: MIT */
/* aes_run - see aes_run.h. */
#include "crypto/aes_run.h"
#include "secret/wipe.h"
#include <bearssl_block.h>
#include <string.h>

void aes_run_cbc_encrypt(const uint8_t *key, size_t key_bytes, const uint8_t iv[AES_RUN_BLOCK_BYTES],
	uint8_t *data, size_t len)
{
	uint8_t chain[AES_RUN_BLOCK_BYTES];
	br_aes_ct_cbcenc_keys k;

	memcpy(chain, iv, sizeof(chain));
	br_aes_ct_cbcenc_init(&k, key, key_bytes);
	br_aes_ct_cbcenc_run(&k, chain, data, len);
	wipe(&k, sizeof(k));
}

void aes_run_cbc_decrypt(const uint8_t *key, size_t key_bytes, const uint8_t iv[AES_RUN_BLOCK_BYTES],
	uint8_t *data, size_t len)
{
	uint8_t chain[AES_RUN_BLOCK_BYTES];
	br_aes_ct_cbcdec_keys k;

	memcpy(chain, iv, sizeof(chain));
	br_aes_ct_cbcdec_init(&k, key, key_bytes);
	br_aes_ct_cbcdec_run(&k, chain, data, len);
	wipe(&k, sizeof(k));
}
