/* SPDX-License-Identifier: MIT */
/*
 * Key material: the anti-forensic merge against a second one that is written from the specification (with few
 * stripes, and sums in place of hashes), and the look of an area.
 *
 * Byte 0 is the hash, byte 1 the length of the key, byte 2 how many stripes, then the material.
 */
#include "crypto/hash.h"
#include "format/luks.h"
#include "fuzz.h"

static size_t fuzz_stripes;
static void fuzz_hash(enum hash h, const struct bytes *parts, size_t n, uint8_t *out);
#define LUKS_STRIPES fuzz_stripes
#define hash_run fuzz_hash
#include "../../src/keyslot/af.c"
#include "keyslot/area.h"

static void fuzz_hash(enum hash h, const struct bytes *parts, size_t n, uint8_t *out)
{
	uint64_t sum = (uint64_t)h + 7;

	for (size_t i = 0; i < n; i++)
		for (size_t at = 0; at < parts[i].len; at++)
			sum = (sum ^ ((const uint8_t *)parts[i].data)[at]) * 0x100000001b3;
	for (size_t i = 0; i < hash_bytes(h); i++, sum *= 0x9e3779b97f4a7c15)
		out[i] = (uint8_t)(sum >> 56);
}

/* TKS1: d(0) = 0, d(k) = H(d(k - 1) ^ s(k)) by blocks, the key is d(n - 1) ^ s(n). */
static void fuzz_merge(enum hash h, const uint8_t *split, size_t key_bytes, uint8_t *key)
{
	uint8_t d[LUKS_KEY_MAX_BYTES] = {0}, sum[HASH_MAX_BYTES], block[4 + HASH_MAX_BYTES];
	size_t step = hash_bytes(h);

	for (size_t k = 0; k < fuzz_stripes; k++) {
		for (size_t i = 0; i < key_bytes; i++)
			key[i] = d[i] ^ split[k * key_bytes + i];
		for (size_t at = 0, n = 0; at < key_bytes; at += step, n++) {
			size_t len = key_bytes - at < step ? key_bytes - at : step;

			memcpy(block,
				(uint8_t[4]){(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
					(uint8_t)n},
				4);
			memcpy(block + 4, key + at, len);
			fuzz_hash(h, &(struct bytes){block, 4 + len}, 1, sum);
			memcpy(d + at, sum, len);
		}
	}
}

static void check_look(const uint8_t *data, size_t size, uint64_t off)
{
	struct area_look look = area_look(data, size, off);
	char text[160];

	fuzz_check(look.sectors == size / 512 && look.bad_sectors <= look.sectors, "a wrong count");
	fuzz_check(!look.bad_sectors == (look.shape == AREA_RANDOM), "a shape without a sector");
	fuzz_check(!look.bad_sectors || (look.off >= off && look.off < off + size), "a sector elsewhere");
	area_describe(&look, text, sizeof(text));
	fuzz_check_printable(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	enum hash h = (enum hash)(fuzz_byte(&in) % HASH_COUNT);
	size_t key_bytes = 1 + fuzz_byte(&in) % LUKS_KEY_MAX_BYTES, len;
	uint8_t *split, *key = malloc(key_bytes), want[LUKS_KEY_MAX_BYTES];

	fuzz_stripes = 1 + fuzz_byte(&in) % 16;
	check_look(in.data, in.size, 32768 + 512 * fuzz_stripes);
	len = fuzz_stripes * key_bytes;
	split = calloc(1, len);
	if (in.size)
		memcpy(split, in.data, in.size < len ? in.size : len);
	af_merge(h, split, key_bytes, key);
	fuzz_merge(h, split, key_bytes, want);
	fuzz_check(!memcmp(key, want, key_bytes), "another key");
	free(split);
	free(key);
	return 0;
}
