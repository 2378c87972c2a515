/* SPDX-License-Identifier: MIT */
/* Tests of crypto/cipher: the one list of ciphers. */
#include "unit.h"
#include "crypto/cipher.h"
#include "crypto/xts.h"

TEST(a_cipher_is_called_by_another_name)
{
	for (int i = 0; i < CIPHER_COUNT; i++) {
		enum cipher c = CIPHER_COUNT;

		assert_non_null(cipher_name((enum cipher)i));
		assert_true(cipher_find(cipher_name((enum cipher)i), cipher_integrity((enum cipher)i), &c));
		assert_int_equal(c, i);
	}
	assert_string_equal(cipher_name(CIPHER_AES_XTS_PLAIN64), "aes-xts-plain64");
	assert_string_equal(cipher_name(CIPHER_AES_CBC_ESSIV_SHA256), "aes-cbc-essiv:sha256");
	assert_string_equal(cipher_name(CIPHER_ADIANTUM_XCHACHA12), "xchacha12,aes-adiantum-plain64");
}

/* The names of the table are those that cryptsetup loads. */
TEST(integrity_is_taken_for_another_or_lost)
{
	static const struct {
		const char *name, *integrity, *in_table;
		unsigned tag_bytes;
		uint32_t key_bytes;
	} t[] = {
		{"aes-xts-plain64", "", "aes-xts-plain64", 0, 64},
		{"aes-xts-plain64", "hmac(sha256)", "capi:authenc(hmac(sha256),xts(aes))-plain64", 32, 96},
		{"aes-xts-plain64", "hmac(sha512)", "capi:authenc(hmac(sha512),xts(aes))-plain64", 64, 128},
		{"aes-gcm-random", "aead", "capi:gcm(aes)-random", 28, 16},
		{"chacha20-random", "poly1305", "capi:rfc7539(chacha20,poly1305)-random", 28, 32},
		{"aegis128-random", "aead", "capi:aegis128-random", 32, 16},
	};
	static const char *const without[] = {"aes-gcm-random", "chacha20-random", "aegis128-random",
		"capi:gcm(aes)-random", "capi:aegis128-random"};
	static const char *const types[] = {"aead", "poly1305", "hmac(sha1)", "hmac(sha256", "none",
		"crc32c"};
	enum cipher c;

	for (size_t i = 0; i < COUNT(t); i++) {
		assert_true(cipher_find(t[i].name, t[i].integrity, &c));
		assert_string_equal(cipher_name(c), t[i].name);
		assert_string_equal(cipher_integrity(c), t[i].integrity);
		assert_string_equal(cipher_in_table(c), t[i].in_table);
		assert_int_equal(cipher_tag_bytes(c), t[i].tag_bytes);
		assert_true(cipher_key_fits(c, t[i].key_bytes));
		assert_true(!t[i].tag_bytes || !cipher_is_native(c));
	}
	for (size_t i = 0; i < COUNT(without); i++)
		assert_false(cipher_find(without[i], "", &c));
	for (size_t i = 0; i < COUNT(types); i++)
		assert_false(cipher_find("aes-xts-plain64", types[i], &c));
	assert_false(cipher_find("aes-gcm-random", "poly1305", &c));
	assert_false(cipher_find("cipher_null-ecb", "hmac(sha256)", &c));
}

TEST(header_text_that_is_not_in_the_list_reaches_the_kernel)
{
	static const char *const names[] = {"", "aes", "aes-xts", "aes-xts-plain64 ", " aes-xts-plain64",
		"AES-XTS-PLAIN64", "aes-xts-plain64\n", "aes-xts-plain644", "aes-xts-plain6",
		"aes-xts-plain32", "aes-ecb", "aes-cbc-null", "capi:xts(aes)-plain64", "aes-xts-plain64 0 0",
		"xchacha12,aes-adiantum-plain64:"};

	for (size_t i = 0; i < COUNT(names); i++) {
		enum cipher c = CIPHER_COUNT;

		if (cipher_find(names[i], "", &c))
			fail_msg("\"%s\" was found", names[i]);
		assert_int_equal(c, CIPHER_COUNT);
	}
}

TEST(a_null_cipher_is_accepted)
{
	static const char *const names[] = {"null", "cipher_null", "cipher_null-ecb",
		"cipher_null-cbc-plain64", "cipher_null-xts-plain64", "null-ecb", "ecb(cipher_null)"};

	for (size_t i = 0; i < COUNT(names); i++) {
		enum cipher c;

		assert_false(cipher_find(names[i], "", &c));
		assert_non_null(strstr(cipher_advice(names[i]), "encrypts nothing"));
	}
	assert_string_equal(cipher_advice("rot13-plain64"), "");
	for (int i = 0; i < CIPHER_COUNT; i++)
		assert_null(strstr(cipher_name((enum cipher)i), "null"));
}

TEST(a_key_of_another_length_fits)
{
	static const struct {
		enum cipher cipher;
		uint32_t fits[4];
	} t[] = {
		{CIPHER_AES_XTS_PLAIN64, {32, 48, 64}},
		{CIPHER_AES_XTS_PLAIN, {32, 48, 64}},
		{CIPHER_AES_CBC_ESSIV_SHA256, {16, 24, 32}},
		{CIPHER_AES_CBC_PLAIN64, {16, 24, 32}},
		{CIPHER_SERPENT_XTS_PLAIN64, {32, 48, 64}},
		{CIPHER_TWOFISH_CBC_ESSIV_SHA256, {16, 24, 32}},
		{CIPHER_ADIANTUM_XCHACHA12, {32, 32, 32}},
		{CIPHER_ADIANTUM_XCHACHA20, {32, 32, 32}},
		{CIPHER_AES_XTS_HMAC_SHA256, {64, 80, 96}},
		{CIPHER_AES_XTS_HMAC_SHA512, {96, 112, 128}},
		{CIPHER_AES_GCM, {16, 24, 32}},
		{CIPHER_CHACHA20_POLY1305, {32, 32, 32}},
		{CIPHER_AEGIS128, {16, 16, 16}},
	};

	for (size_t i = 0; i < COUNT(t); i++)
		for (uint32_t n = 0; n < 1000; n++) {
			const uint32_t *f = t[i].fits;
			bool fits = n == f[0] || n == f[1] || n == f[2];

			if (cipher_key_fits(t[i].cipher, n) != fits)
				fail_msg("%u bytes for %s", n, cipher_name(t[i].cipher));
		}
	for (int i = 0; i < CIPHER_COUNT; i++) {
		assert_false(cipher_key_fits((enum cipher)i, 0));
		assert_false(cipher_key_fits((enum cipher)i, UINT32_MAX));
		assert_false(cipher_key_fits((enum cipher)i, UINT32_MAX - 7));
		assert_false(cipher_key_fits((enum cipher)i, 32 + 256));
		assert_false(cipher_key_fits((enum cipher)i, CIPHER_KEY_MAX_BYTES + 8));
	}
}

TEST(a_native_cipher_decrypts_as_another)
{
	static const enum cipher xts[] = {CIPHER_AES_XTS_PLAIN64, CIPHER_AES_XTS_PLAIN};
	uint8_t key[64], a[3 * 512], b[3 * 512];

	unit_fill(SEED_KEY, key, sizeof(key));
	for (size_t i = 0; i < COUNT(xts); i++)
		for (uint32_t n = 32; n <= 64; n += 16) {
			assert_true(cipher_is_native(xts[i]));
			unit_fill(SEED_DATA, a, sizeof(a));
			unit_fill(SEED_DATA, b, sizeof(b));
			xts_aes_decrypt(key, n, a, 3);
			cipher_decrypt(xts[i], key, n, b, 3);
			assert_memory_equal(a, b, sizeof(a));
		}
}

TEST(a_cipher_that_we_do_not_have_is_called_native)
{
	assert_false(cipher_is_native(CIPHER_SERPENT_XTS_PLAIN64));
	assert_false(cipher_is_native(CIPHER_TWOFISH_XTS_PLAIN64));
	assert_false(cipher_is_native(CIPHER_CAMELLIA_XTS_PLAIN64));
	assert_false(cipher_is_native(CIPHER_SERPENT_CBC_ESSIV_SHA256));
	assert_false(cipher_is_native(CIPHER_TWOFISH_CBC_ESSIV_SHA256));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cipher_is_called_by_another_name),
		cmocka_unit_test(integrity_is_taken_for_another_or_lost),
		cmocka_unit_test(header_text_that_is_not_in_the_list_reaches_the_kernel),
		cmocka_unit_test(a_null_cipher_is_accepted),
		cmocka_unit_test(a_key_of_another_length_fits),
		cmocka_unit_test(a_native_cipher_decrypts_as_another),
		cmocka_unit_test(a_cipher_that_we_do_not_have_is_called_native),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
