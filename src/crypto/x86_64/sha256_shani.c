/* SPDX-License-Identifier: MIT */
/*
 * sha256_shani - SHA-256 on the processor's SHA instructions.
 *
 * SHA256RNDS2 does two rounds and has a latency of several times its issue rate, so one
 * stream leaves the unit idle half of the time: PBKDF2 with two outputs runs two streams,
 * which take hardly longer than one. Inside the loop everything stays in the order
 * that the instructions need; only T and the new message are reordered.
 */
#include "crypto/sha.h"
#include "crypto/x86_64/x86.h"
#include <immintrin.h>

#define TARGET __attribute__((target("sha,sse4.1")))
#define TARGET_INLINE TARGET SHA_INLINE

/* The working variables as the instructions hold them, highest lane first. */
struct state {
	__m128i abef, cdgh;
};

TARGET_INLINE struct state pack(__m128i abcd, __m128i efgh)
{
	__m128i badc = _mm_shuffle_epi32(abcd, 0xb1), fehg = _mm_shuffle_epi32(efgh, 0xb1);

	/* Lowest lane first these are b a d c and f e h g. */
	return (struct state){_mm_unpacklo_epi64(fehg, badc), _mm_unpackhi_epi64(fehg, badc)};
}

TARGET_INLINE void unpack(struct state s, __m128i *abcd, __m128i *efgh)
{
	*abcd = _mm_shuffle_epi32(_mm_unpackhi_epi64(s.abef, s.cdgh), 0xb1);
	*efgh = _mm_shuffle_epi32(_mm_unpacklo_epi64(s.abef, s.cdgh), 0xb1);
}

/* Four rounds on each of @streams states; the words of @m that they use become those of sixteen rounds later.
 */
TARGET_INLINE void four_rounds(struct state *s, __m128i m[][4], int streams, int i, __m128i k, bool last)
{

	for (int n = 0; n < streams; n++) {
		__m128i wk = _mm_add_epi32(m[n][i], k);

		s[n].cdgh = _mm_sha256rnds2_epu32(s[n].cdgh, s[n].abef, wk);
		s[n].abef = _mm_sha256rnds2_epu32(s[n].abef, s[n].cdgh, _mm_shuffle_epi32(wk, 0x0e));
	}
	if (last)
		return;
	/* W[t+16] = W[t] + s0(W[t+1]) + W[t+9] + s1(W[t+14]), four at a time; the last of them need the
	 * first. */
	for (int n = 0; n < streams; n++) {
		__m128i w = _mm_sha256msg1_epu32(m[n][i], m[n][(i + 1) & 3]);

		w = _mm_add_epi32(w, _mm_alignr_epi8(m[n][(i + 3) & 3], m[n][(i + 2) & 3], 4));
		m[n][i] = _mm_sha256msg2_epu32(w, m[n][(i + 3) & 3]);
	}
}

TARGET_INLINE void block(struct state *s, __m128i m[][4], int streams)
{
	struct state before[2];

	for (int n = 0; n < streams; n++)
		before[n] = s[n];
#pragma GCC unroll 1
	for (int turn = 0; turn < 16; turn += 4)
#pragma GCC unroll 4
		for (int i = 0; i < 4; i++)
			four_rounds(s, m, streams, i, _mm_load_si128((const __m128i *)sha256_k + turn + i),
				turn == 12);
	for (int n = 0; n < streams; n++) {
		s[n].abef = _mm_add_epi32(s[n].abef, before[n].abef);
		s[n].cdgh = _mm_add_epi32(s[n].cdgh, before[n].cdgh);
	}
}

TARGET static void compress(void *state, const uint8_t *data, size_t n)
{
	const __m128i swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
	__m128i *words = state, abcd, efgh, m[1][4];
	struct state s = pack(_mm_loadu_si128(words), _mm_loadu_si128(words + 1));

	for (; n; n--, data += 64) {
		for (int i = 0; i < 4; i++)
			m[0][i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)data + i), swap);
		block(&s, m, 1);
	}
	unpack(s, &abcd, &efgh);
	_mm_storeu_si128(words, abcd);
	_mm_storeu_si128(words + 1, efgh);
}

TARGET_INLINE void streams(const struct state key[2], __m128i *u, __m128i *t, uint32_t rounds, int streams)
{
	const __m128i end = _mm_set_epi32(0, 0, 0, (int)0x80000000);
	const __m128i length = _mm_set_epi32(SHA256_LOOP_BITS, 0, 0, 0);
	__m128i m[2][4], sum[2][2];
	struct state s[2];

	for (int n = 0; n < streams; n++)
		for (int i = 0; i < 2; i++) {
			m[n][i] = _mm_loadu_si128(u + 2 * n + i);
			sum[n][i] = _mm_loadu_si128(t + 2 * n + i);
		}
	for (; rounds; rounds--) {
#pragma GCC unroll 1
		for (int half = 0; half < 2; half++) {
			for (int n = 0; n < streams; n++) {
				m[n][2] = end;
				m[n][3] = length;
				s[n] = key[half];
			}
			block(s, m, streams);
			for (int n = 0; n < streams; n++)
				unpack(s[n], &m[n][0], &m[n][1]);
		}
		for (int n = 0; n < streams; n++)
			for (int i = 0; i < 2; i++)
				sum[n][i] = _mm_xor_si128(sum[n][i], m[n][i]);
	}
	for (int n = 0; n < streams; n++)
		for (int i = 0; i < 2; i++) {
			_mm_storeu_si128(u + 2 * n + i, m[n][i]);
			_mm_storeu_si128(t + 2 * n + i, sum[n][i]);
		}
}

TARGET static void iterate(const void *inner, const void *outer, void *u, void *t, size_t n, uint32_t rounds)
{
	const __m128i *i = inner, *o = outer;
	struct state key[2] = {
		pack(_mm_loadu_si128(i), _mm_loadu_si128(i + 1)),
		pack(_mm_loadu_si128(o), _mm_loadu_si128(o + 1)),
	};
	__m128i *uk = u, *tk = t;

	for (; n >= 2; n -= 2, uk += 4, tk += 4)
		streams(key, uk, tk, rounds, 2);
	if (n)
		streams(key, uk, tk, rounds, 1);
}

const struct hash_core sha256_shani = {"SHA-NI", X86_SHA, compress, iterate, {10, 13, 23, 26}};
