/* SPDX-License-Identifier: MIT */
/*
 * reference - the opposite direction of what latchkey does, written from the specifications and not from
 * src/: XTS encryption (IEEE 1619, 5.3) and the anti-forensic split (LUKS1 specification, 2.4).
 */
#ifndef UNIT_REFERENCE_H
#define UNIT_REFERENCE_H

#include "unit.h"
#include "crypto/hash.h"
#include <bearssl_block.h>
#include <bearssl_hash.h>

/* --- XTS --------------------------------------------------------------------------------- */

static inline void reference_aes(const br_aes_big_cbcenc_keys *key, uint8_t block[static 16])
{
	uint8_t zero[16] = {0};

	br_aes_big_cbcenc_run(key, zero, block, 16);
}

/* The tweak as a number of 128 bits, least significant byte first, times x. */
static inline void reference_double(uint64_t t[static 2])
{
	uint64_t overflow = t[1] >> 63;

	t[1] = t[1] << 1 | t[0] >> 63;
	t[0] = t[0] << 1 ^ overflow * 0x87;
}

/* One data unit of 512 bytes, number @sector. */
static inline void reference_xts_unit(const br_aes_big_cbcenc_keys *data_key,
	const br_aes_big_cbcenc_keys *tweak_key, uint8_t *data, uint64_t sector)
{
	uint8_t first[16] = {0};
	uint64_t t[2] = {0, 0};

	for (int i = 0; i < 8; i++)
		first[i] = (uint8_t)(sector >> 8 * i);
	reference_aes(tweak_key, first);
	for (int i = 15; i >= 0; i--)
		t[i / 8] = t[i / 8] << 8 | first[i];
	for (uint8_t *block = data; block < data + 512; block += 16, reference_double(t)) {
		for (int i = 0; i < 16; i++)
			block[i] ^= (uint8_t)(t[i / 8] >> 8 * (i % 8));
		reference_aes(data_key, block);
		for (int i = 0; i < 16; i++)
			block[i] ^= (uint8_t)(t[i / 8] >> 8 * (i % 8));
	}
}

static inline void reference_xts_encrypt(const uint8_t *key, size_t key_bytes, uint8_t *data, size_t sectors)
{
	br_aes_big_cbcenc_keys data_key, tweak_key;

	br_aes_big_cbcenc_init(&data_key, key, key_bytes / 2);
	br_aes_big_cbcenc_init(&tweak_key, key + key_bytes / 2, key_bytes / 2);
	for (size_t n = 0; n < sectors; n++)
		reference_xts_unit(&data_key, &tweak_key, data + 512 * n, n);
}

/* --- AF ------------------------------------------------------------------------------------ */

static inline void reference_hash(enum hash h, uint32_t number, const uint8_t *data, size_t len, uint8_t *out)
{
	static const br_hash_class *const classes[] = {&br_sha1_vtable, &br_sha224_vtable, &br_sha256_vtable,
		&br_sha384_vtable, &br_sha512_vtable};
	uint8_t be[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
		(uint8_t)number};
	br_hash_compat_context c;

	classes[h]->init(&c.vtable);
	classes[h]->update(&c.vtable, be, sizeof(be));
	classes[h]->update(&c.vtable, data, len);
	classes[h]->out(&c.vtable, out);
}

/*
 * H2 of the specification: d = d1 | d2 | ... | dn with the length of a digest each, dn with what is left;
 * p(i) = hash(i | di), the last one cut to the length of dn.
 */
static inline void reference_h2(enum hash h, const uint8_t *d, size_t len, uint8_t *p)
{
	static const size_t sizes[] = {20, 28, 32, 48, 64};
	size_t whole = len / sizes[h], left = len % sizes[h];
	uint8_t last[64];

	for (size_t i = 0; i < whole; i++)
		reference_hash(h, (uint32_t)i, d + i * sizes[h], sizes[h], p + i * sizes[h]);
	if (left) {
		reference_hash(h, (uint32_t)whole, d + whole * sizes[h], left, last);
		memcpy(p + whole * sizes[h], last, left);
	}
}

/* d0 = 0; s1 to s(n-1) random; dk = H2(d(k-1) xor sk); sn = d(n-1) xor key. */
static inline void reference_af_split(enum hash h, const uint8_t *key, size_t key_bytes, uint32_t seed,
	uint8_t *split)
{
	uint8_t d[64] = {0}, mixed[64];
	uint8_t *s = split;

	unit_fill(seed, split, key_bytes * 3999);
	for (int k = 1; k < 4000; k++, s += key_bytes) {
		for (size_t i = 0; i < key_bytes; i++)
			mixed[i] = d[i] ^ s[i];
		reference_h2(h, mixed, key_bytes, d);
	}
	for (size_t i = 0; i < key_bytes; i++)
		s[i] = d[i] ^ key[i];
}

#endif
