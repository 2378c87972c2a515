/* SPDX-License-Identifier: MIT */
/* other_hash - see other_hash.h. */
#include "crypto/other_hash.h"
#include <string.h>

/* The sponge's bytes are little endian. */
static void put(struct other_hash *h, uint8_t byte)
{
	h->sponge[h->used / 8] ^= (uint64_t)byte << h->used % 8 * 8;
	h->used++;
}

void other_hash_begin(struct other_hash *h, uint8_t digest_bytes, uint8_t block_bytes)
{
	memset(h, 0, sizeof(*h));
	h->is_blake2b = block_bytes == 128;
	h->digest_bytes = digest_bytes;
	h->block_bytes = block_bytes;
	if (h->is_blake2b)
		(void)blake2b_init(&h->blake2b, digest_bytes);
}

void other_hash_add(struct other_hash *h, const void *data, size_t len)
{
	if (h->is_blake2b) {
		(void)blake2b_update(&h->blake2b, data, len);
		return;
	}
	for (const uint8_t *p = data; len--; p++) {
		put(h, *p);
		if (h->used == h->block_bytes) {
			sha3_permute(h->sponge);
			h->used = 0;
		}
	}
}

void other_hash_end(struct other_hash *h, uint8_t *out)
{
	if (h->is_blake2b) {
		(void)blake2b_final(&h->blake2b, out, h->digest_bytes);
		return;
	}
	put(h, 6);
	h->used = (uint8_t)(h->block_bytes - 1);
	put(h, 0x80);
	sha3_permute(h->sponge);
	for (unsigned i = 0; i < h->digest_bytes; i++)
		out[i] = (uint8_t)(h->sponge[i / 8] >> i % 8 * 8);
}
