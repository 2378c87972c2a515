/* SPDX-License-Identifier: MIT */
/* hmac - see hmac.h. */
#include "crypto/hmac.h"
#include "secret/wipe.h"
#include <bearssl_hash.h>
#include <string.h>

enum { BLOCK_BYTES = 64 };

static void hash(const uint8_t *front, size_t front_len, const struct bytes *parts, size_t n, uint8_t *out)
{
	br_sha256_context c;

	br_sha256_init(&c);
	br_sha256_update(&c, front, front_len);
	for (size_t i = 0; i < n; i++)
		br_sha256_update(&c, parts[i].data, parts[i].len);
	br_sha256_out(&c, out);
	wipe(&c, sizeof(c));
}

void hmac_sha256(const struct bytes *parts, size_t n, uint8_t out[HMAC_BYTES])
{
	hash(NULL, 0, parts, n, out);
}

void hmac_sha1(const struct bytes *parts, size_t n, uint8_t out[HMAC_SHA1_BYTES])
{
	br_sha1_context c;

	br_sha1_init(&c);
	for (size_t i = 0; i < n; i++)
		br_sha1_update(&c, parts[i].data, parts[i].len);
	br_sha1_out(&c, out);
}

void hmac_run(struct bytes key, const struct bytes *parts, size_t n, uint8_t out[HMAC_BYTES])
{
	uint8_t pad[BLOCK_BYTES] = {0}, inner[HMAC_BYTES];
	struct bytes middle = {inner, sizeof(inner)};

	if (key.len > sizeof(pad))
		hmac_sha256(&key, 1, pad);
	else if (key.len)
		memcpy(pad, key.data, key.len);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36;
	hash(pad, sizeof(pad), parts, n, inner);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	hash(pad, sizeof(pad), &middle, 1, out);
	wipe(pad, sizeof(pad));
	wipe(inner, sizeof(inner));
}

void hmac_hkdf(struct bytes ikm, struct bytes salt, struct bytes info, uint8_t out[HMAC_BYTES])
{
	const uint8_t first = 1; /* the number of the block, of which there is one */
	struct bytes block[] = {info, {&first, 1}};
	uint8_t prk[HMAC_BYTES];

	hmac_run(salt, &ikm, 1, prk);
	hmac_run((struct bytes){prk, sizeof(prk)}, block, 2, out);
	wipe(prk, sizeof(prk));
}
