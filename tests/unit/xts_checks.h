/* SPDX-License-Identifier: MIT */
/* xts_checks - what AES-XTS must do, whichever implementation of AES is behind it. */
#ifndef UNIT_XTS_CHECKS_H
#define UNIT_XTS_CHECKS_H

#include "reference.h"
#include "crypto/xts.h"
#include "../vectors/published_xts.h"

enum { XTS_SECTORS = 500, XTS_SECTOR = 512 }; /* the longest keyslot area */

struct xts_shape {
	size_t key_bytes;
	const char *starts[5]; /* of the sectors 0, 1, 255, 256 and 499 */
	const char *sha256;    /* of everything */
};

#include "../vectors/generated_xts.h"

static uint8_t xts_data[XTS_SECTORS * XTS_SECTOR + 16];

/* Each published unit at its number; what else there is does not matter. */
static inline void xts_check_published(void)
{
	for (size_t i = 0; i < COUNT(published_xts); i++) {
		const struct xts_published *v = &published_xts[i];
		uint8_t key[64], *unit = xts_data + v->sector * XTS_SECTOR;
		size_t key_bytes = unit_unhex(v->key, key);

		unit_fill(99, xts_data, 256 * XTS_SECTOR);
		assert_int_equal(unit_unhex(v->cipher, unit), XTS_SECTOR);
		xts_aes_decrypt(key, key_bytes, xts_data, v->sector + 1);
		if (!v->before) {
			for (size_t n = 0; n < XTS_SECTOR; n++)
				assert_int_equal(unit[n], n % 256);
			continue;
		}
		unit_equals_hex(unit, *v->before ? v->before : published_xts[i - 1].cipher);
	}
}

static inline void xts_check_generated(void)
{
	static const size_t sectors[] = {0, 1, 255, 256, 499};
	uint8_t key[64], digest[32];

	unit_fill(SEED_KEY, key, sizeof(key));
	for (size_t i = 0; i < COUNT(generated_xts); i++) {
		const struct xts_shape *v = &generated_xts[i];
		struct bytes all = {xts_data, XTS_SECTORS * XTS_SECTOR};

		unit_fill(SEED_DATA, xts_data, all.len);
		xts_aes_decrypt(key, v->key_bytes, xts_data, XTS_SECTORS);
		for (size_t n = 0; n < COUNT(sectors); n++)
			unit_equals_hex(xts_data + sectors[n] * XTS_SECTOR, v->starts[n]);
		hash_run(HASH_SHA256, &all, 1, digest);
		unit_equals_hex(digest, v->sha256);
	}
}

static inline void xts_check_round_trip(void)
{
	static uint8_t plain[XTS_SECTORS * XTS_SECTOR];
	uint8_t key[64];

	unit_fill(77, plain, sizeof(plain));
	unit_fill(78, key, sizeof(key));
	for (size_t key_bytes = 32; key_bytes <= 64; key_bytes += 16) {
		memcpy(xts_data, plain, sizeof(plain));
		reference_xts_encrypt(key, key_bytes, xts_data, XTS_SECTORS);
		xts_aes_decrypt(key, key_bytes, xts_data, XTS_SECTORS);
		assert_memory_equal(xts_data, plain, sizeof(plain));
	}
}

/* Neither a byte behind the last sector nor the key is touched, and the address need not be aligned. */
static inline void xts_check_bounds(void)
{
	uint8_t key[64], same_key[64], *data = xts_data + 3;

	unit_fill(SEED_KEY, key, sizeof(key));
	memcpy(same_key, key, sizeof(key));
	for (size_t n = 0; n < 4; n++) {
		memset(xts_data, '#', 5 * XTS_SECTOR);
		xts_aes_decrypt(key, 64, data, n);
		assert_int_equal(unit_others(xts_data, '#', 3), 0);
		assert_int_equal(unit_others(data + n * XTS_SECTOR, '#', XTS_SECTOR), 0);
		if (n)
			assert_true(unit_others(data, '#', n * XTS_SECTOR) > 400);
		assert_memory_equal(key, same_key, sizeof(key));
	}
}

#endif
