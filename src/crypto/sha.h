/* SPDX-License-Identifier: MIT */
/*
 * sha - what the implementations of the SHA family share: constants of FIPS 180-4, the
 * plain C cores, and the two kinds of loop that are the same for all of them.
 */
#ifndef CRYPTO_SHA_H
#define CRYPTO_SHA_H

#include "crypto/core.h"

/* FIPS 180-4, 4.2.2 and 4.2.3. */
extern const uint32_t sha256_k[64];
extern const uint64_t sha512_k[80];

/* Plain C, for any machine. */
extern const struct hash_core sha1_c, sha256_c, sha512_c;

#define SHA_INLINE static inline __attribute__((always_inline))

/* GCC compiles each of these to one instruction. */
SHA_INLINE uint32_t sha_ror32(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

SHA_INLINE uint64_t sha_ror64(uint64_t x, int n)
{
	return x >> n | x << (64 - n);
}

SHA_INLINE uint32_t sha_load32(const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(v) : v;
}

SHA_INLINE uint64_t sha_load64(const uint8_t *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(v) : v;
}

/*
 * The message of every HMAC in PBKDF2's loop after the first: one digest, after a key
 * block that is already compressed (RFC 8018, 5.2; FIPS 180-4, 5.1). Bits in all:
 */
enum {
	SHA1_LOOP_BITS = (64 + 20) * 8,
	SHA256_LOOP_BITS = (64 + 32) * 8,
	SHA512_LOOP_BITS = (128 + 64) * 8,
};

#endif
