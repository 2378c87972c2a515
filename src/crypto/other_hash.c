/* SPDX-License-Identifier: MIT */
/* other_hash - see other_hash.h. */
#include "crypto/other_hash.h"
#include <string.h>

static void begin_blake2b(struct hash_run *r, enum hash h)
{
	(void)h;
	(void)blake2b_init(&r->blake2b, r->info->digest_bytes);
}

static void add_blake2b(struct hash_run *r, const void *data, size_t len)
{
	(void)blake2b_update(&r->blake2b, data, len);
}

static void end_blake2b(struct hash_run *r)
{
	(void)blake2b_final(&r->blake2b, &r->state, r->info->digest_bytes);
}

const struct hash_construction other_hash_blake2b = {begin_blake2b, add_blake2b, end_blake2b};

/* r->bytes counts those of the block alone. */
static void begin_sha3(struct hash_run *r, enum hash h)
{
	(void)h;
	memset(r->sponge, 0, sizeof(r->sponge));
	r->bytes = 0;
}

static void mix_byte(struct hash_run *r, size_t at, uint8_t byte)
{
	r->sponge[at / 8] ^= (uint64_t)byte << at % 8 * 8;
}

static void add_sha3(struct hash_run *r, const void *data, size_t len)
{
	for (const uint8_t *p = data; len--; p++) {
		mix_byte(r, (size_t)r->bytes++, *p);
		if (r->bytes == r->info->block_bytes) {
			sha3_permute(r->sponge);
			r->bytes = 0;
		}
	}
}

static void end_sha3(struct hash_run *r)
{
	uint8_t *out = (uint8_t *)&r->state;

	mix_byte(r, (size_t)r->bytes, 6);
	mix_byte(r, r->info->block_bytes - 1u, 0x80);
	sha3_permute(r->sponge);
	for (unsigned i = 0; i < r->info->digest_bytes; i++)
		out[i] = (uint8_t)(r->sponge[i / 8] >> i % 8 * 8);
}

const struct hash_construction other_hash_sha3 = {begin_sha3, add_sha3, end_sha3};
