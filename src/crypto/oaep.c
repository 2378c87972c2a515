/* SPDX-License-Identifier: MIT */
/* oaep - see oaep.h. */
#include "crypto/oaep.h"
#include "crypto/hmac.h"
#include "secret/wipe.h"
#include <bearssl_rsa.h>
#include <string.h>

enum { HASH_BYTES = HMAC_BYTES, MODULUS_MIN_BYTES = 128 };

/* @data XOR MGF1(@seed), RFC 8017, B.2.1. */
static void mask(uint8_t *data, size_t len, struct bytes seed)
{
	uint8_t counter[4], block[HASH_BYTES];
	struct bytes parts[] = {seed, {counter, sizeof(counter)}};

	for (size_t at = 0; at < len; at += HASH_BYTES) {
		bytes_put_be32(counter, (uint32_t)(at / HASH_BYTES));
		hmac_sha256(parts, 2, block);
		for (size_t i = 0; i < HASH_BYTES && at + i < len; i++)
			data[at + i] ^= block[i];
	}
	wipe(block, sizeof(block));
}

bool oaep_encrypt(struct bytes modulus, uint32_t exponent, struct bytes label, struct bytes message,
	const uint8_t *seed, uint8_t *out)
{
	uint8_t be_exponent[4], *masked_seed = out + 1, *db = out + 1 + HASH_BYTES;
	const uint8_t *n = modulus.data;
	size_t db_len = modulus.len - 1 - HASH_BYTES;
	br_rsa_public_key key = {(unsigned char *)(uintptr_t)n, modulus.len, be_exponent,
		sizeof(be_exponent)};

	if (modulus.len < MODULUS_MIN_BYTES || modulus.len > OAEP_MODULUS_MAX_BYTES || !n[0] ||
		!(n[modulus.len - 1] & 1) || message.len > db_len - HASH_BYTES - 1)
		return false;
	bytes_put_be32(be_exponent, exponent);
	out[0] = 0;
	memcpy(masked_seed, seed, HASH_BYTES);
	hmac_sha256(&label, 1, db);
	memset(db + HASH_BYTES, 0, db_len - HASH_BYTES);
	db[db_len - message.len - 1] = 1;
	memcpy(db + db_len - message.len, message.data, message.len);
	mask(db, db_len, (struct bytes){masked_seed, HASH_BYTES});
	mask(masked_seed, HASH_BYTES, (struct bytes){db, db_len});
	return br_rsa_i31_public(out, modulus.len, &key);
}
