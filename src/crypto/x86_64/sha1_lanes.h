/* SPDX-License-Identifier: MIT */
/*
 * sha1_lanes - PBKDF2 on SHA-1, four outputs in the four lanes of a vector (FIPS 180-4,
 * 6.1): a key of 512 bits is four of SHA-1's outputs, and they do not depend on each
 * other. One output alone goes the scalar way, and so do messages that are hashed.
 *
 * The file that includes this names TARGET, FEWEST (from how many outputs on the lanes
 * win) and the operations rol, choose, parity, majority on v4.
 */
#include "crypto/sha.h"

/* W[t] for t from 16 on, in place (6.1.3). */
TARGET_INLINE v4 word(v4 *w, unsigned t)
{
	if (t >= 16)
		w[t & 15] = rol(parity(w[(t + 13) & 15], w[(t + 8) & 15], w[(t + 2) & 15]) ^ w[t & 15], 1);
	return w[t & 15];
}

#define ROUND(F, k, a, b, c, d, e, t)                                 \
	do {                                                            \
		e += rol(a, 5) + F(b, c, d) + (k + word(w, t));         \
		b = rol(b, 30);                                         \
	} while (0)

#define FIVE(F, k, t)                                                 \
	do {                                                            \
		ROUND(F, k, a, b, c, d, e, t);                          \
		ROUND(F, k, e, a, b, c, d, (t) + 1);                    \
		ROUND(F, k, d, e, a, b, c, (t) + 2);                    \
		ROUND(F, k, c, d, e, a, b, (t) + 3);                    \
		ROUND(F, k, b, c, d, e, a, (t) + 4);                    \
	} while (0)

/* The same word in each lane. */
TARGET_INLINE v4 all(uint32_t x)
{
	return (v4){x, x, x, x};
}

/* @s becomes the state of @key after the message that @s was. */
TARGET static __attribute__((noinline)) void block(v4 s[5], const uint32_t key[5])
{
	v4 a = all(key[0]), b = all(key[1]), c = all(key[2]), d = all(key[3]), e = all(key[4]);
	v4 w[16] = {s[0], s[1], s[2], s[3], s[4], all(0x80000000)};

	w[15] = all(SHA1_LOOP_BITS);
	FIVE(choose, 0x5a827999, 0);
	FIVE(choose, 0x5a827999, 5);
	FIVE(choose, 0x5a827999, 10);
	FIVE(choose, 0x5a827999, 15);
	FIVE(parity, 0x6ed9eba1, 20);
	FIVE(parity, 0x6ed9eba1, 25);
	FIVE(parity, 0x6ed9eba1, 30);
	FIVE(parity, 0x6ed9eba1, 35);
	FIVE(majority, 0x8f1bbcdc, 40);
	FIVE(majority, 0x8f1bbcdc, 45);
	FIVE(majority, 0x8f1bbcdc, 50);
	FIVE(majority, 0x8f1bbcdc, 55);
	FIVE(parity, 0xca62c1d6, 60);
	FIVE(parity, 0xca62c1d6, 65);
	FIVE(parity, 0xca62c1d6, 70);
	FIVE(parity, 0xca62c1d6, 75);
	s[0] = a + all(key[0]), s[1] = b + all(key[1]), s[2] = c + all(key[2]);
	s[3] = d + all(key[3]), s[4] = e + all(key[4]);
}

TARGET static void four(const uint32_t *inner, const uint32_t *outer, uint32_t *u, uint32_t *t, size_t n,
	uint32_t rounds)
{
	v4 s[5] = {{0}}, sum[5] = {{0}};

	for (size_t lane = 0; lane < n; lane++)
		for (size_t i = 0; i < 5; i++) {
			s[i][lane] = u[lane * 5 + i];
			sum[i][lane] = t[lane * 5 + i];
		}
	for (; rounds; rounds--) {
		block(s, inner);
		block(s, outer);
		for (size_t i = 0; i < 5; i++)
			sum[i] ^= s[i];
	}
	for (size_t lane = 0; lane < n; lane++)
		for (size_t i = 0; i < 5; i++) {
			u[lane * 5 + i] = s[i][lane];
			t[lane * 5 + i] = sum[i][lane];
		}
}

TARGET static void compress(void *state, const uint8_t *data, size_t n)
{
	sha1_c.compress(state, data, n);
}

TARGET static void iterate(const void *inner, const void *outer, void *u, void *t, size_t n, uint32_t rounds)
{
	uint32_t *uk = u, *tk = t;

	while (n >= FEWEST) {
		size_t lanes = n < 4 ? n : 4;

		four(inner, outer, uk, tk, lanes, rounds);
		n -= lanes, uk += lanes * 5, tk += lanes * 5;
	}
	sha1_c.iterate(inner, outer, uk, tk, n, rounds);
}
