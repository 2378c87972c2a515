/* SPDX-License-Identifier: MIT */
/* hash - see hash.h; BearSSL does the hashing. */
#include "crypto/hash.h"
#include "secret/wipe.h"
#include <bearssl_hash.h>
#include <bearssl_hmac.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	const br_hash_class *class;
} hashes[HASH_COUNT] = {
	[HASH_SHA1] = {"sha1", &br_sha1_vtable},
	[HASH_SHA224] = {"sha224", &br_sha224_vtable},
	[HASH_SHA256] = {"sha256", &br_sha256_vtable},
	[HASH_SHA384] = {"sha384", &br_sha384_vtable},
	[HASH_SHA512] = {"sha512", &br_sha512_vtable},
};

bool hash_find(const char *name, enum hash *out)
{
	for (int i = 0; i < HASH_COUNT; i++)
		if (!strcasecmp(name, hashes[i].name)) {
			*out = (enum hash)i;
			return true;
		}
	return false;
}

const char *hash_name(enum hash h)
{
	return hashes[h].name;
}

size_t hash_bytes(enum hash h)
{
	return (hashes[h].class->desc >> BR_HASHDESC_OUT_OFF) & BR_HASHDESC_OUT_MASK;
}

void hash_run(enum hash h, const struct bytes *parts, size_t n, uint8_t *out)
{
	const br_hash_class *class = hashes[h].class;
	br_hash_compat_context ctx;

	class->init(&ctx.vtable);
	for (size_t i = 0; i < n; i++)
		class->update(&ctx.vtable, parts[i].data, parts[i].len);
	class->out(&ctx.vtable, out);
	wipe(&ctx, sizeof(ctx));
}

/* Block number @index (from 1) of the output: T = U1 ^ U2 ^ ... ^ Uc. */
static void pbkdf2_block(const br_hmac_key_context *key, struct bytes salt, uint32_t index, uint32_t iterations,
	uint8_t *t, size_t t_bytes)
{
	uint8_t u[HASH_MAX_BYTES], be_index[4];
	br_hmac_context mac;

	bytes_put_be32(be_index, index);
	br_hmac_init(&mac, key, 0);
	br_hmac_update(&mac, salt.data, salt.len);
	br_hmac_update(&mac, be_index, sizeof(be_index));
	br_hmac_out(&mac, u);
	memcpy(t, u, t_bytes);
	for (uint32_t c = 1; c < iterations; c++) {
		br_hmac_init(&mac, key, 0);
		br_hmac_update(&mac, u, t_bytes);
		br_hmac_out(&mac, u);
		for (size_t i = 0; i < t_bytes; i++)
			t[i] ^= u[i];
	}
	wipe(u, sizeof(u));
	wipe(&mac, sizeof(mac));
}

void hash_pbkdf2(enum hash h, struct bytes password, struct bytes salt, uint32_t iterations, uint8_t *out,
	size_t out_bytes)
{
	size_t block = hash_bytes(h);
	br_hmac_key_context key;
	uint8_t t[HASH_MAX_BYTES];

	br_hmac_key_init(&key, hashes[h].class, password.data, password.len);
	for (uint32_t index = 1; out_bytes; index++) {
		size_t take = out_bytes < block ? out_bytes : block;

		pbkdf2_block(&key, salt, index, iterations, t, block);
		memcpy(out, t, take);
		out += take;
		out_bytes -= take;
	}
	wipe(t, sizeof(t));
	wipe(&key, sizeof(key));
}
