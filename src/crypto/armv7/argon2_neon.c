/* SPDX-License-Identifier: MIT */
/*
 * argon2_neon - Argon2 for ARMv7 with NEON: a register holds two 64-bit words, a general register half a
 * word.
 *
 * Not measured on a board. Counted in the object files, P is 765 instructions for one row in C and 399 for
 * two rows here: where NEON takes two cycles for a register (Cortex-A7, A8, A9), that is still half.
 */
#include "crypto/armv7/arm.h"
#include <arm_neon.h>

#define TARGET __attribute__((target("fpu=neon")))
#define TARGET_INLINE TARGET ARGON2_INLINE

typedef uint64x2_t v2;

#include "crypto/argon2_fill.h"

TARGET_INLINE v2 product(v2 a, v2 b)
{
	return vmull_u32(vmovn_u64(a), vmovn_u64(b));
}

TARGET_INLINE v2 ror32(v2 x)
{
	return vreinterpretq_u64_u32(vrev64q_u32(vreinterpretq_u32_u64(x)));
}

TARGET_INLINE v2 ror24(v2 x)
{
	return vsliq_n_u64(vshrq_n_u64(x, 24), x, 40);
}

TARGET_INLINE v2 ror16(v2 x)
{
	return vsliq_n_u64(vshrq_n_u64(x, 16), x, 48);
}

TARGET_INLINE v2 ror63(v2 x)
{
	return vsliq_n_u64(vshrq_n_u64(x, 63), x, 1);
}

#include "crypto/argon2_pairs.h"

const struct argon2_core argon2_neon = {"NEON", ARM_NEON, fill_block};
