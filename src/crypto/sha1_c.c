/* SPDX-License-Identifier: MIT */
/* sha1_c - SHA-1 in plain C (FIPS 180-4, 6.1), five rounds in each iteration of the loop. */
#include "crypto/sha_rounds.h"

#define CH(b, c, d) (d ^ (b & (c ^ d)))
#define PARITY(b, c, d) (b ^ c ^ d)
#define MAJ(b, c, d) ((b & c) | (d & (b | c)))

/* W[t] for t from 16 on, in place (6.1.3). */
SHA_INLINE uint32_t word(uint32_t *w, unsigned t)
{
	if (t >= 16)
		w[t & 15] = sha_ror32(w[(t + 13) & 15] ^ w[(t + 8) & 15] ^ w[(t + 2) & 15] ^ w[t & 15], 31);
	return w[t & 15];
}

#define ROUND(F, k, a, b, c, d, e, t)                                                                        \
	do {                                                                                                 \
		e += sha_ror32(a, 27) + F(b, c, d) + k + word(w, t);                                         \
		b = sha_ror32(b, 2);                                                                         \
	} while (0)

#define TWENTY(F, k, from)                                                                                   \
	for (unsigned t = from; t < from + 20; t += 5) {                                                     \
		ROUND(F, k, a, b, c, d, e, t);                                                               \
		ROUND(F, k, e, a, b, c, d, t + 1);                                                           \
		ROUND(F, k, d, e, a, b, c, t + 2);                                                           \
		ROUND(F, k, c, d, e, a, b, t + 3);                                                           \
		ROUND(F, k, b, c, d, e, a, t + 4);                                                           \
	}

static CORE_PART void block(uint32_t *s, uint32_t *w)
{
	uint32_t a = s[0], b = s[1], c = s[2], d = s[3], e = s[4];

	TWENTY(CH, 0x5a827999, 0)
	TWENTY(PARITY, 0x6ed9eba1, 20)
	TWENTY(MAJ, 0x8f1bbcdc, 40)
	TWENTY(PARITY, 0xca62c1d6, 60)
	s[0] += a, s[1] += b, s[2] += c, s[3] += d, s[4] += e;
}

SHA_LOOPS(sha1, block)

const struct hash_core sha1_c = {"C", 0, compress, iterate, CORE_ONE_BY_ONE};
