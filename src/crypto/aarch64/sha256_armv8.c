/* SPDX-License-Identifier: MIT */
/*
 * sha256_armv8 - SHA-256 on the processor's instructions: SHA256H and SHA256H2 do four rounds together,
 * SHA256SU0 and SHA256SU1 four words of the schedule (Arm Architecture Reference Manual, C7.2).
 *
 * Each waits for the one before it, so PBKDF2 with two outputs interleaves two streams.
 */
#include "crypto/aarch64/arm.h"
#include "crypto/sha.h"
#include <arm_neon.h>

#define TARGET __attribute__((target("+crypto")))
#define TARGET_INLINE TARGET SHA_INLINE

struct state {
	uint32x4_t abcd, efgh;
};

/* The state after the sixteen words of @m, which are overwritten, for each of the @streams. */
TARGET_INLINE void block(struct state *s, uint32x4_t m[][4], int streams)
{
	struct state before[2];

	for (int n = 0; n < streams; n++)
		before[n] = s[n];
#pragma GCC unroll 1
	for (int turn = 0; turn < 16; turn += 4)
#pragma GCC unroll 4
		for (int i = 0; i < 4; i++)
#pragma GCC unroll 2
			for (int n = 0; n < streams; n++) {
				const uint32x4_t wk =
					vaddq_u32(m[n][i], vld1q_u32(sha256_k + 4 * (turn + i)));
				const uint32x4_t abcd = s[n].abcd;

				s[n].abcd = vsha256hq_u32(abcd, s[n].efgh, wk);
				s[n].efgh = vsha256h2q_u32(s[n].efgh, abcd, wk);
				/* The last sixteen are not used. */
				m[n][i] = vsha256su1q_u32(vsha256su0q_u32(m[n][i], m[n][(i + 1) & 3]),
					m[n][(i + 2) & 3], m[n][(i + 3) & 3]);
			}
	for (int n = 0; n < streams; n++) {
		s[n].abcd = vaddq_u32(s[n].abcd, before[n].abcd);
		s[n].efgh = vaddq_u32(s[n].efgh, before[n].efgh);
	}
}

TARGET static void compress(void *state, const uint8_t *data, size_t n)
{
	uint32_t *words = state;
	struct state s = {vld1q_u32(words), vld1q_u32(words + 4)};
	uint32x4_t m[1][4];

	for (; n; n--, data += 64) {
		for (int i = 0; i < 4; i++)
			m[0][i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)));
		block(&s, m, 1);
	}
	vst1q_u32(words, s.abcd);
	vst1q_u32(words + 4, s.efgh);
}

TARGET_INLINE void streams(const struct state key[2], uint32_t *u, uint32_t *t, uint32_t rounds, int streams)
{
	const uint32x4_t end = vsetq_lane_u32(0x80000000, vdupq_n_u32(0), 0);
	const uint32x4_t length = vsetq_lane_u32(SHA256_LOOP_BITS, vdupq_n_u32(0), 3);
	struct state s[2], sum[2];
	uint32x4_t m[2][4];

	for (int n = 0; n < streams; n++) {
		s[n] = (struct state){vld1q_u32(u + 8 * n), vld1q_u32(u + 8 * n + 4)};
		sum[n] = (struct state){vld1q_u32(t + 8 * n), vld1q_u32(t + 8 * n + 4)};
	}
	for (; rounds; rounds--) {
#pragma GCC unroll 1
		for (int half = 0; half < 2; half++) {
			for (int n = 0; n < streams; n++) {
				m[n][0] = s[n].abcd;
				m[n][1] = s[n].efgh;
				m[n][2] = end;
				m[n][3] = length;
				s[n] = key[half];
			}
			block(s, m, streams);
		}
		for (int n = 0; n < streams; n++) {
			sum[n].abcd = veorq_u32(sum[n].abcd, s[n].abcd);
			sum[n].efgh = veorq_u32(sum[n].efgh, s[n].efgh);
		}
	}
	for (int n = 0; n < streams; n++) {
		vst1q_u32(u + 8 * n, s[n].abcd);
		vst1q_u32(u + 8 * n + 4, s[n].efgh);
		vst1q_u32(t + 8 * n, sum[n].abcd);
		vst1q_u32(t + 8 * n + 4, sum[n].efgh);
	}
}

TARGET static void iterate(const void *inner, const void *outer, void *u, void *t, size_t n, uint32_t rounds)
{
	const uint32_t *i = inner, *o = outer;
	const struct state key[2] = {{vld1q_u32(i), vld1q_u32(i + 4)}, {vld1q_u32(o), vld1q_u32(o + 4)}};
	uint32_t *uk = u, *tk = t;

	for (; n >= 2; n -= 2, uk += 16, tk += 16)
		streams(key, uk, tk, rounds, 2);
	if (n)
		streams(key, uk, tk, rounds, 1);
}

const struct hash_core sha256_armv8 = {"ARMv8 SHA-256", ARM_SHA2, compress, iterate, {10, 13, 23, 26}};
