/* SPDX-License-Identifier: MIT */
/* aes_run - see aes_run.h. */
#include "crypto/aes_run.h"
#include "secret/wipe.h"
#include <bearssl_block.h>
#include <inner.h>
#include <string.h>

/* The library's modes are for long data, two blocks at once; its block functions alone need half the code. */
typedef void block_function(unsigned rounds, const uint32_t *key, uint32_t *q);

struct run {
	block_function *function;
	unsigned rounds;
	uint32_t key[120]; /* expanded, as the library's block functions take it */
};

static void begin(struct run *r, block_function *function, const uint8_t *key, size_t key_bytes)
{
	uint32_t compact[60];

	r->function = function;
	r->rounds = br_aes_ct_keysched(compact, key, key_bytes);
	br_aes_ct_skey_expand(r->key, r->rounds, compact);
	wipe(compact, sizeof(compact));
}

/* The bit slices hold two blocks: this one and zeros. */
static void one_block(const struct run *r, uint8_t block[AES_RUN_BLOCK_BYTES])
{
	uint32_t q[8] = {0};

	for (int i = 0; i < 4; i++)
		q[2 * i] = br_dec32le(block + 4 * i);
	br_aes_ct_ortho(q);
	r->function(r->rounds, r->key, q);
	br_aes_ct_ortho(q);
	for (int i = 0; i < 4; i++)
		br_enc32le(block + 4 * i, q[2 * i]);
	wipe(q, sizeof(q));
}

static void mix(uint8_t *data, const uint8_t *with)
{
	for (int i = 0; i < AES_RUN_BLOCK_BYTES; i++)
		data[i] ^= with[i];
}

void aes_run_cbc_encrypt(const uint8_t *key, size_t key_bytes, const uint8_t iv[AES_RUN_BLOCK_BYTES],
	uint8_t *data, size_t len)
{
	struct run r;

	begin(&r, br_aes_ct_bitslice_encrypt, key, key_bytes);
	for (size_t at = 0; at < len; iv = data + at, at += AES_RUN_BLOCK_BYTES) {
		mix(data + at, iv);
		one_block(&r, data + at);
	}
	wipe(&r, sizeof(r));
}

void aes_run_cbc_decrypt(const uint8_t *key, size_t key_bytes, const uint8_t iv[AES_RUN_BLOCK_BYTES],
	uint8_t *data, size_t len)
{
	struct run r;

	begin(&r, br_aes_ct_bitslice_decrypt, key, key_bytes);
	/* From the end: each block is still encrypted when the one behind it needs it. */
	for (size_t at = len; at; at -= AES_RUN_BLOCK_BYTES) {
		uint8_t *block = data + at - AES_RUN_BLOCK_BYTES;

		one_block(&r, block);
		mix(block, at > AES_RUN_BLOCK_BYTES ? block - AES_RUN_BLOCK_BYTES : iv);
	}
	wipe(&r, sizeof(r));
}
