/* SPDX-License-Identifier: MIT */
/* Tests of crypto/cbc: AES-CBC with the IVs of dm-crypt, against another implementation. */
#include "portable_aes.h"
#include "unit.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"

enum { SECTORS = 500, SECTOR = 512 }; /* the longest keyslot area */

struct cbc_shape {
	enum cipher cipher;
	size_t key_bytes;
	const char *starts[5]; /* of the sectors 0, 1, 255, 256 and 499 */
	const char *sha256;    /* of everything */
};

#include "../vectors/generated_cbc.h"

static uint8_t data[SECTORS * SECTOR + 16];

static void check(enum cipher c, const struct cbc_shape *v)
{
	static const size_t sectors[] = {0, 1, 255, 256, 499};
	struct bytes all = {data, SECTORS * SECTOR};
	uint8_t key[32], digest[32];

	unit_fill(SEED_KEY, key, sizeof(key));
	unit_fill(SEED_DATA, data, all.len);
	cipher_decrypt(c, key, v->key_bytes, data, SECTORS);
	for (size_t n = 0; n < COUNT(sectors); n++)
		unit_equals_hex(data + sectors[n] * SECTOR, v->starts[n]);
	hash_run(HASH_SHA256, &all, 1, digest);
	unit_equals_hex(digest, v->sha256);
}

static void check_all(void)
{
	for (size_t i = 0; i < COUNT(generated_cbc); i++) {
		check(generated_cbc[i].cipher, &generated_cbc[i]);
		/* Below 2^32 sectors the two names mean the same. */
		if (generated_cbc[i].cipher == CIPHER_AES_CBC_PLAIN64)
			check(CIPHER_AES_CBC_PLAIN, &generated_cbc[i]);
	}
}

TEST(a_key_length_or_an_iv_is_mistaken)
{
	assert_int_equal(COUNT(generated_cbc), 6);
	check_all();
#ifdef PORTABLE_AES
	offered_dec = &br_aes_ct_cbcdec_vtable;
	offered_enc = &br_aes_ct_cbcenc_vtable;
	check_all();
	offered_dec = NULL;
	offered_enc = NULL;
	assert_true(aes_asked > 0);
#endif
}

TEST(a_byte_outside_the_sectors_is_touched)
{
	static const enum cipher ciphers[] = {CIPHER_AES_CBC_PLAIN64, CIPHER_AES_CBC_ESSIV_SHA256};
	uint8_t key[32], same_key[32], *at = data + 5;

	unit_fill(SEED_KEY, key, sizeof(key));
	memcpy(same_key, key, sizeof(key));
	for (size_t c = 0; c < COUNT(ciphers); c++)
		for (size_t n = 0; n < 3; n++) {
			memset(data, '#', 4 * SECTOR);
			cipher_decrypt(ciphers[c], key, sizeof(key), at, n);
			assert_int_equal(unit_others(data, '#', 5), 0);
			assert_int_equal(unit_others(at + n * SECTOR, '#', SECTOR), 0);
			if (n)
				assert_true(unit_others(at, '#', n * SECTOR) > 400);
			assert_memory_equal(key, same_key, sizeof(key));
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_length_or_an_iv_is_mistaken),
		cmocka_unit_test(a_byte_outside_the_sectors_is_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
