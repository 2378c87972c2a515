/* SPDX-License-Identifier: MIT */
/* sha3_c - the permutation of SHA-3 in plain C. */
#include "crypto/other_hash.h"
#include <string.h>

static uint64_t rotate(uint64_t x, unsigned n)
{
	return x << n | x >> (-n & 63);
}

void sha3_permute(uint64_t a[static 25])
{
	/* Where pi takes one lane after the other, from lane 1 on. */
	static const uint8_t path[] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20,
		14, 22, 9, 6, 1};
	uint64_t c[7], t, kept; /* a row, and its beginning once more */
	uint8_t lfsr = 1;

	for (unsigned round = 0; round < 24; round++) {
		unsigned turn = 0;

		for (unsigned x = 0; x < 5; x++)
			c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
		c[5] = c[0];
		c[6] = c[1];
		for (unsigned x = 0; x < 5; x++) { /* of lanes x + 1 */
			t = c[x] ^ rotate(c[x + 2], 1);
			for (unsigned i = x < 4 ? x + 1 : 0; i < 25; i += 5)
				a[i] ^= t;
		}
		t = a[1];
		for (unsigned i = 0; i < 24; i++) {
			turn += i + 1;
			kept = a[path[i]];
			a[path[i]] = rotate(t, turn & 63);
			t = kept;
		}
		for (uint64_t *row = a; row < a + 25; row += 5) {
			memcpy(c, row, 5 * sizeof(*c));
			c[5] = c[0];
			c[6] = c[1];
			for (unsigned x = 0; x < 5; x++)
				row[x] = c[x] ^ (~c[x + 1] & c[x + 2]);
		}
		for (unsigned i = 0; i < 7; i++) {
			a[0] ^= (uint64_t)(lfsr & 1) << ((1u << i) - 1);
			lfsr = (uint8_t)(lfsr << 1 ^ (lfsr >> 7) * 0x71);
		}
	}
}
