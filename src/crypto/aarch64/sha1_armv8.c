/* SPDX-License-Identifier: MIT */
/*
 * sha1_armv8 - SHA-1 on the processor's instructions: SHA1C, SHA1P and SHA1M do four rounds each, with the
 * function of their twenty, SHA1SU0 and SHA1SU1 four words of the schedule (Arm Architecture Reference
 * Manual, C7.2).
 */
#include "crypto/aarch64/arm.h"
#include "crypto/sha_rounds.h"
#include <arm_neon.h>

#define TARGET __attribute__((target("+crypto")))

/* Four rounds with @op, on words @i; then those are replaced by the words of sixteen rounds later. */
#define FOUR_ROUNDS(op, k, i)                                                                                \
	do {                                                                                                 \
		uint32x4_t wk = vaddq_u32(m[i], vdupq_n_u32(k));                                             \
		uint32_t next = vsha1h_u32(vgetq_lane_u32(abcd, 0));                                         \
                                                                                                             \
		abcd = op(abcd, e, wk);                                                                      \
		e = next;                                                                                    \
		m[i] = vsha1su1q_u32(vsha1su0q_u32(m[i], m[((i) + 1) & 3], m[((i) + 2) & 3]),                \
			m[((i) + 3) & 3]);                                                                   \
	} while (0)

/* The last sixteen words of the schedule are not used. */
TARGET static CORE_PART void block(uint32_t *s, uint32_t *w)
{
	const uint32x4_t before = vld1q_u32(s);
	uint32x4_t abcd = before, m[4];
	uint32_t e = s[4];

	for (int i = 0; i < 4; i++)
		m[i] = vld1q_u32(w + 4 * i);
	FOUR_ROUNDS(vsha1cq_u32, 0x5a827999, 0);
	FOUR_ROUNDS(vsha1cq_u32, 0x5a827999, 1);
	FOUR_ROUNDS(vsha1cq_u32, 0x5a827999, 2);
	FOUR_ROUNDS(vsha1cq_u32, 0x5a827999, 3);
	FOUR_ROUNDS(vsha1cq_u32, 0x5a827999, 0);
	FOUR_ROUNDS(vsha1pq_u32, 0x6ed9eba1, 1);
	FOUR_ROUNDS(vsha1pq_u32, 0x6ed9eba1, 2);
	FOUR_ROUNDS(vsha1pq_u32, 0x6ed9eba1, 3);
	FOUR_ROUNDS(vsha1pq_u32, 0x6ed9eba1, 0);
	FOUR_ROUNDS(vsha1pq_u32, 0x6ed9eba1, 1);
	FOUR_ROUNDS(vsha1mq_u32, 0x8f1bbcdc, 2);
	FOUR_ROUNDS(vsha1mq_u32, 0x8f1bbcdc, 3);
	FOUR_ROUNDS(vsha1mq_u32, 0x8f1bbcdc, 0);
	FOUR_ROUNDS(vsha1mq_u32, 0x8f1bbcdc, 1);
	FOUR_ROUNDS(vsha1mq_u32, 0x8f1bbcdc, 2);
	FOUR_ROUNDS(vsha1pq_u32, 0xca62c1d6, 3);
	FOUR_ROUNDS(vsha1pq_u32, 0xca62c1d6, 0);
	FOUR_ROUNDS(vsha1pq_u32, 0xca62c1d6, 1);
	FOUR_ROUNDS(vsha1pq_u32, 0xca62c1d6, 2);
	FOUR_ROUNDS(vsha1pq_u32, 0xca62c1d6, 3);
	vst1q_u32(s, vaddq_u32(abcd, before));
	s[4] += e;
}

SHA_LOOPS(sha1, block)

const struct hash_core sha1_armv8 = {"ARMv8 SHA-1", ARM_SHA1, compress, iterate, CORE_ONE_BY_ONE};
