/* SPDX-License-Identifier: MIT */
/* af - see af.h. */
#include "keyslot/af.h"
#include "format/luks.h"
#include "secret/wipe.h"
#include <string.h>

/*
 * Replace each hash-sized piece of @d by the hash of its big-endian number and itself;
 * the last piece may be shorter and takes as much of its hash.
 */
static void diffuse(enum hash h, uint8_t *d, size_t len)
{
	size_t step = hash_bytes(h);
	uint8_t number[4], sum[HASH_MAX_BYTES];
	uint32_t n = 0;

	for (size_t at = 0; at < len; at += step, n++) {
		size_t piece = len - at < step ? len - at : step;
		struct bytes parts[] = {{number, sizeof(number)}, {d + at, piece}};

		bytes_put_be32(number, n);
		hash_run(h, parts, 2, sum);
		memcpy(d + at, sum, piece);
	}
	wipe(sum, sizeof(sum));
}

void af_merge(enum hash h, const uint8_t *split, size_t key_bytes, uint8_t *key)
{
	memset(key, 0, key_bytes);
	for (size_t stripe = 0; stripe < LUKS_STRIPES; stripe++) {
		for (size_t i = 0; i < key_bytes; i++)
			key[i] ^= split[stripe * key_bytes + i];
		if (stripe + 1 < LUKS_STRIPES)
			diffuse(h, key, key_bytes);
	}
}
