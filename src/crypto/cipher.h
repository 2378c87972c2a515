/* SPDX-License-Identifier: MIT */
/*
 * cipher - the only list of ciphers in latchkey.
 *
 * A header is not authenticated, so its cipher text never goes to the kernel: it is
 * looked up here, and the kernel gets the name from this list. The list has no
 * null cipher, neither for keyslot areas nor for segments, and no option adds one.
 */
#ifndef CRYPTO_CIPHER_H
#define CRYPTO_CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cipher {
	CIPHER_AES_XTS_PLAIN64,
	CIPHER_AES_XTS_PLAIN,
	CIPHER_AES_CBC_ESSIV_SHA256,
	CIPHER_AES_CBC_PLAIN64,
	CIPHER_AES_CBC_PLAIN,
	CIPHER_SERPENT_XTS_PLAIN64,
	CIPHER_SERPENT_CBC_ESSIV_SHA256,
	CIPHER_TWOFISH_XTS_PLAIN64,
	CIPHER_TWOFISH_CBC_ESSIV_SHA256,
	CIPHER_CAMELLIA_XTS_PLAIN64,
	CIPHER_ADIANTUM_XCHACHA12,
	CIPHER_ADIANTUM_XCHACHA20,
	/* With integrity: of segments only. */
	CIPHER_AES_XTS_HMAC_SHA256,
	CIPHER_AES_XTS_HMAC_SHA512,
	CIPHER_AES_GCM,
	CIPHER_CHACHA20_POLY1305,
	CIPHER_AEGIS128,
	CIPHER_COUNT,
	CIPHER_WITH_INTEGRITY = CIPHER_AES_XTS_HMAC_SHA256, /* the first of them */
};

/* The longest key of a keyslot area. With integrity, that of the HMAC is behind it. */
enum { CIPHER_KEY_MAX_BYTES = 64, CIPHER_SECTOR_BYTES = 512 };

/*
 * The cipher that a header calls @name ("aes-xts-plain64"), with integrity of the type @integrity
 * ("hmac(sha256)"); "": without. False when it is not in the list.
 */
bool cipher_find(const char *name, const char *integrity, enum cipher *out);

/* Advice about a cipher that is not in the list: begins with ": ", or is empty. */
const char *cipher_advice(const char *name);

/* What a header calls it, and its type of integrity; "": none. */
const char *cipher_name(enum cipher c);
const char *cipher_integrity(enum cipher c);

/* The bytes that integrity keeps for each sector: IV and tag; 0: it has none. */
unsigned cipher_tag_bytes(enum cipher c);

/* The name in dm-crypt's table line. */
const char *cipher_in_table(enum cipher c);

/* Is @key_bytes a key length of @c? */
bool cipher_key_fits(enum cipher c, uint32_t key_bytes);

/* Can cipher_decrypt decrypt it, without the kernel? */
bool cipher_is_native(enum cipher c);

/*
 * Decrypt @sectors sectors of 512 bytes in place; the first has IV number 0 (a keyslot
 * area counts from its own start). @c is native and @key_bytes fits it.
 */
void cipher_decrypt(enum cipher c, const uint8_t *key, size_t key_bytes, uint8_t *data, size_t sectors);

#endif
