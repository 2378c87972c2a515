/* SPDX-License-Identifier: MIT */
/* gcm - see gcm.h. */
#include "crypto/gcm.h"
#include "secret/wipe.h"
#include <bearssl_block.h>
#include <bearssl_hash.h>

bool gcm_decrypt(const uint8_t key[GCM_KEY_BYTES], const uint8_t iv[GCM_IV_BYTES], struct bytes aad,
	uint8_t *data, size_t len, const uint8_t tag[GCM_TAG_BYTES])
{
	br_aes_ct_ctr_keys k;
	uint8_t h[16] = {0}, sum[GCM_TAG_BYTES] = {0}, lengths[16] = {0};
	const uint8_t zero_iv[GCM_IV_BYTES] = {0};
	bool ok;

	br_aes_ct_ctr_init(&k, key, GCM_KEY_BYTES);
	(void)br_aes_ct_ctr_run(&k, zero_iv, 0, h, sizeof(h));
	/* Lengths in bits, of 64 bits each; those here are below 2^29 bytes. */
	bytes_put_be32(lengths + 4, (uint32_t)aad.len * 8);
	bytes_put_be32(lengths + 12, (uint32_t)len * 8);
	br_ghash_ctmul(sum, h, aad.data, aad.len);
	br_ghash_ctmul(sum, h, data, len);
	br_ghash_ctmul(sum, h, lengths, sizeof(lengths));
	(void)br_aes_ct_ctr_run(&k, iv, 1, sum, sizeof(sum));
	ok = wipe_equal(sum, tag, sizeof(sum));
	if (ok)
		(void)br_aes_ct_ctr_run(&k, iv, 2, data, len);
	wipe(&k, sizeof(k));
	wipe(h, sizeof(h));
	wipe_stack();
	return ok;
}
