/* SPDX-License-Identifier: MIT */
/*
 * sha1_lanes - PBKDF2 on SHA-1, four outputs in the four lanes of a vector (FIPS 180-4,
 * 6.1): a key of 512 bits is four of SHA-1's outputs, and they do not depend on each
 * other. A single output and messages to hash use the scalar code.
 *
 * The file that includes this defines TARGET, FEWEST (the number of outputs from which the lanes
 * are faster) and the operations rol, choose, parity, majority on v4.
 */
#include "crypto/sha.h"

/* A round, and the word of the schedule for the round sixteen later. */
#define ROUND(F, k, a, b, c, d, e, t)                                                                        \
	do {                                                                                                 \
		e += rol(a, 5) + F(b, c, d) + (k + w[t]);                                                    \
		b = rol(b, 30);                                                                              \
		w[t + 16] = rol(parity(w[t + 13], w[t + 8], w[t + 2]) ^ w[t], 1);                            \
	} while (0)

/* An iteration has one round and moves the variables: five rounds, which rename them, would be three times
 * the code. */
#define TWENTY(F, k)                                                                                         \
	_Pragma("GCC unroll 1") for (const v4 *end = w + 20; w != end; w++)                                  \
	{                                                                                                    \
		ROUND(F, k, a, b, c, d, e, 0);                                                               \
		v4 last = e;                                                                                 \
		e = d, d = c, c = b, b = a, a = last;                                                        \
	}

/* The same word in each lane. */
TARGET_INLINE v4 all(uint32_t x)
{
	return (v4){x, x, x, x};
}

/* @s becomes the state of @key after the message that @s was. */
TARGET static CORE_PART void block(v4 s[5], const uint32_t key[5])
{
	v4 a = all(key[0]), b = all(key[1]), c = all(key[2]), d = all(key[3]), e = all(key[4]);
	/* The last sixteen are not used; a test would cost more. */
	v4 words[80 + 16] __attribute__((uninitialized)), *w = words;

	for (unsigned t = 0; t < 16; t++)
		words[t] = t < 5 ? s[t] : all(t == 5 ? 0x80000000 : t == 15 ? SHA1_LOOP_BITS : 0);
	TWENTY(choose, 0x5a827999)
	TWENTY(parity, 0x6ed9eba1)
	TWENTY(majority, 0x8f1bbcdc)
	TWENTY(parity, 0xca62c1d6)
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
