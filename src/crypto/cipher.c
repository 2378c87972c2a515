/* SPDX-License-Identifier: MIT */
/* cipher - see cipher.h. */
#include "crypto/cipher.h"
#include "base/text.h"
#include "crypto/cbc.h"
#include "crypto/xts.h"
#include <string.h>

/* One bit for each key length, in units of 8 bytes. */
#define KEY(bytes) (1u << ((bytes) / 8))

static const struct {
	const char *name;
	uint32_t key_lengths;
	void (*decrypt)(const uint8_t *key, size_t key_bytes, uint8_t *data, size_t sectors);
} ciphers[CIPHER_COUNT] = {
	[CIPHER_AES_XTS_PLAIN64] = {"aes-xts-plain64", KEY(32) | KEY(48) | KEY(64), xts_aes_decrypt},
	/* plain64 and plain differ only from sector 2^32 on; no keyslot area is that long. */
	[CIPHER_AES_XTS_PLAIN] = {"aes-xts-plain", KEY(32) | KEY(48) | KEY(64), xts_aes_decrypt},
	[CIPHER_AES_CBC_ESSIV_SHA256] = {"aes-cbc-essiv:sha256", KEY(16) | KEY(24) | KEY(32),
		cbc_aes_essiv_sha256_decrypt},
	[CIPHER_AES_CBC_PLAIN64] = {"aes-cbc-plain64", KEY(16) | KEY(24) | KEY(32), cbc_aes_plain64_decrypt},
	[CIPHER_AES_CBC_PLAIN] = {"aes-cbc-plain", KEY(16) | KEY(24) | KEY(32), cbc_aes_plain64_decrypt},
	[CIPHER_SERPENT_XTS_PLAIN64] = {"serpent-xts-plain64", KEY(32) | KEY(48) | KEY(64), NULL},
	[CIPHER_SERPENT_CBC_ESSIV_SHA256] = {"serpent-cbc-essiv:sha256", KEY(16) | KEY(24) | KEY(32), NULL},
	[CIPHER_TWOFISH_XTS_PLAIN64] = {"twofish-xts-plain64", KEY(32) | KEY(48) | KEY(64), NULL},
	[CIPHER_TWOFISH_CBC_ESSIV_SHA256] = {"twofish-cbc-essiv:sha256", KEY(16) | KEY(24) | KEY(32), NULL},
	[CIPHER_CAMELLIA_XTS_PLAIN64] = {"camellia-xts-plain64", KEY(32) | KEY(48) | KEY(64), NULL},
	[CIPHER_ADIANTUM_XCHACHA12] = {"xchacha12,aes-adiantum-plain64", KEY(32), NULL},
	[CIPHER_ADIANTUM_XCHACHA20] = {"xchacha20,aes-adiantum-plain64", KEY(32), NULL},
	[CIPHER_AES_XTS_HMAC_SHA256] = {"aes-xts-plain64", KEY(64) | KEY(80) | KEY(96), NULL},
	[CIPHER_AES_XTS_HMAC_SHA512] = {"aes-xts-plain64", KEY(96) | KEY(112) | KEY(128), NULL},
	[CIPHER_AES_GCM] = {"aes-gcm-random", KEY(16) | KEY(24) | KEY(32), NULL},
	[CIPHER_CHACHA20_POLY1305] = {"chacha20-random", KEY(32), NULL},
	[CIPHER_AEGIS128] = {"aegis128-random", KEY(16), NULL},
};

/* An IV that is random is kept with the tag. */
static const struct {
	char integrity[13];
	uint8_t tag_bytes;
	char in_table[44];
} with_integrity[CIPHER_COUNT - CIPHER_WITH_INTEGRITY] = {
	{"hmac(sha256)", 32, "capi:authenc(hmac(sha256),xts(aes))-plain64"},
	{"hmac(sha512)", 64, "capi:authenc(hmac(sha512),xts(aes))-plain64"},
	{"aead", 12 + 16, "capi:gcm(aes)-random"},
	{"poly1305", 12 + 16, "capi:rfc7539(chacha20,poly1305)-random"},
	{"aead", 16 + 16, "capi:aegis128-random"},
};

bool cipher_find(const char *name, const char *integrity, enum cipher *out)
{
	for (int i = 0; i < CIPHER_COUNT; i++)
		if (!strcmp(name, ciphers[i].name) && !strcmp(integrity, cipher_integrity((enum cipher)i))) {
			*out = (enum cipher)i;
			return true;
		}
	return false;
}

const char *cipher_advice(const char *name)
{
	return text_find(name, "null")
	               ? ": it encrypts nothing, and latchkey never uses it; cryptsetup reencrypt can give "
	                 "it a cipher"
	               : "";
}

const char *cipher_name(enum cipher c)
{
	return ciphers[c].name;
}

const char *cipher_integrity(enum cipher c)
{
	return c < CIPHER_WITH_INTEGRITY ? "" : with_integrity[c - CIPHER_WITH_INTEGRITY].integrity;
}

unsigned cipher_tag_bytes(enum cipher c)
{
	return c < CIPHER_WITH_INTEGRITY ? 0 : with_integrity[c - CIPHER_WITH_INTEGRITY].tag_bytes;
}

const char *cipher_in_table(enum cipher c)
{
	return c < CIPHER_WITH_INTEGRITY ? ciphers[c].name
	                                 : with_integrity[c - CIPHER_WITH_INTEGRITY].in_table;
}

bool cipher_key_fits(enum cipher c, uint32_t key_bytes)
{
	return key_bytes % 8 == 0 && key_bytes < 32 * 8 && (ciphers[c].key_lengths & KEY(key_bytes)) != 0;
}

bool cipher_is_native(enum cipher c)
{
	return ciphers[c].decrypt != NULL;
}

void cipher_decrypt(enum cipher c, const uint8_t *key, size_t key_bytes, uint8_t *data, size_t sectors)
{
	ciphers[c].decrypt(key, key_bytes, data, sectors);
}
