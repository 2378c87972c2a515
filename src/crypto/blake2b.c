/* SPDX-License-Identifier: MIT */
/* blake2b - see blake2b.h. Small, not fast: Argon2 calls it a few dozen times. */
#include "crypto/blake2b.h"
#include "secret/wipe.h"
#include <string.h>

enum { BLOCK = 128 };

/* RFC 7693, 2.6 and 2.7. */
static const uint64_t initial[8] = {
	0x6a09e667f3bcc908,
	0xbb67ae8584caa73b,
	0x3c6ef372fe94f82b,
	0xa54ff53a5f1d36f1,
	0x510e527fade682d1,
	0x9b05688c2b3e6c1f,
	0x1f83d9abfb41bd6b,
	0x5be0cd19137e2179,
};
static const uint8_t sigma[10][16] = {
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
	{14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
	{11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
	{7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
	{9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
	{2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
	{12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
	{13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
	{6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
	{10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

struct run {
	uint64_t h[8], v[16], m[16];
	uint64_t bytes;
	uint8_t block[BLOCK];
	size_t used;
};

static uint64_t load_le64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static uint64_t ror(uint64_t x, int n)
{
	return x >> n | x << (64 - n);
}

static void mix(uint64_t *v, int a, int b, int c, int d, uint64_t x, uint64_t y)
{
	v[a] += v[b] + x;
	v[d] = ror(v[d] ^ v[a], 32);
	v[c] += v[d];
	v[b] = ror(v[b] ^ v[c], 24);
	v[a] += v[b] + y;
	v[d] = ror(v[d] ^ v[a], 16);
	v[c] += v[d];
	v[b] = ror(v[b] ^ v[c], 63);
}

/* RFC 7693, 3.2; messages here are far below 2^64 bytes. */
static void compress(struct run *r, bool last)
{
	for (int i = 0; i < 16; i++)
		r->m[i] = load_le64(r->block + 8 * i);
	memcpy(r->v, r->h, sizeof(r->h));
	memcpy(r->v + 8, initial, sizeof(initial));
	r->v[12] ^= r->bytes;
	r->v[14] ^= last ? UINT64_MAX : 0;
	for (int round = 0; round < 12; round++) {
		const uint8_t *s = sigma[round % 10];

		/* Columns, then diagonals. */
		for (int i = 0; i < 8; i++) {
			int turn = i / 4, a = i % 4;

			mix(r->v, a, 4 + (a + turn) % 4, 8 + (a + 2 * turn) % 4, 12 + (a + 3 * turn) % 4,
				r->m[s[2 * i]], r->m[s[2 * i + 1]]);
		}
	}
	for (int i = 0; i < 8; i++)
		r->h[i] ^= r->v[i] ^ r->v[i + 8];
}

static void add(struct run *r, const uint8_t *data, size_t len)
{
	while (len) {
		size_t take = BLOCK - r->used;

		/* A full block waits until it is known not to be the last. */
		if (!take) {
			compress(r, false);
			r->used = 0;
			continue;
		}
		take = len < take ? len : take;
		memcpy(r->block + r->used, data, take);
		r->used += take;
		r->bytes += take;
		data += take;
		len -= take;
	}
}

void blake2b_hash(const struct bytes *parts, size_t n, uint8_t *out, size_t out_bytes)
{
	struct run r;

	memcpy(r.h, initial, sizeof(initial));
	r.h[0] ^= 0x01010000 ^ out_bytes;
	r.bytes = r.used = 0;
	for (size_t i = 0; i < n; i++)
		add(&r, parts[i].data, parts[i].len);
	memset(r.block + r.used, 0, BLOCK - r.used);
	compress(&r, true);
	for (size_t i = 0; i < out_bytes; i++)
		out[i] = (uint8_t)(r.h[i / 8] >> (8 * (i % 8)));
	wipe(&r, sizeof(r));
}
