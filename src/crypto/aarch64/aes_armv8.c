/* SPDX-License-Identifier: MIT */
/*
 * aes_armv8 - AES on the processor's instructions, with the interface of BearSSL's CBC classes.
 *
 * AESE adds a round key, then substitutes and shifts; AESD does the inverse; AESMC and AESIMC mix the columns
 * (Arm Architecture Reference Manual, C7.2). So the last round key is added separately, and for decryption,
 * which is FIPS 197's equivalent inverse cipher (5.3.5), the inner ones go through AESIMC once.
 */
#include "crypto/aes.h"
#include "crypto/aarch64/arm.h"
#include <arm_neon.h>

#define TARGET __attribute__((target("+crypto")))
#define TARGET_INLINE TARGET static inline __attribute__((always_inline))

enum { ROUND_KEYS_MAX = 15, SIDE_BY_SIDE = 4 };

/* Fits into BearSSL's own context: vtable, 15 round keys, rounds. */
struct key {
	const void *vtable;
	uint8_t round_keys[ROUND_KEYS_MAX][AES_BLOCK_BYTES];
	unsigned rounds;
};
_Static_assert(sizeof(struct key) <= sizeof(br_aes_gen_cbcdec_keys), "no room");
_Static_assert(sizeof(struct key) <= sizeof(br_aes_gen_cbcenc_keys), "no room");

/* With the same word in all columns the shift moves nothing. */
TARGET_INLINE uint32_t substitute(uint32_t word)
{
	const uint8x16_t all = vreinterpretq_u8_u32(vdupq_n_u32(word));

	return vgetq_lane_u32(vreinterpretq_u32_u8(vaeseq_u8(all, vdupq_n_u8(0))), 0);
}

/* FIPS 197, 5.2, on little-endian words. */
TARGET static void expand(struct key *k, const void *key, size_t key_bytes)
{
	const size_t nk = key_bytes / 4;
	uint32_t w[ROUND_KEYS_MAX * 4], rcon = 1;

	k->rounds = (unsigned)nk + 6;
	__builtin_memcpy(w, key, key_bytes);
	for (size_t i = nk; i < 4 * (k->rounds + 1); i++) {
		uint32_t t = w[i - 1];

		if (i % nk == 0) {
			t = substitute(t >> 8 | t << 24) ^ rcon;
			rcon = rcon << 1 ^ (rcon >> 7) * 0x11b;
		} else if (nk > 6 && i % nk == 4) {
			t = substitute(t);
		}
		w[i] = w[i - nk] ^ t;
	}
	__builtin_memcpy(k->round_keys, w, (k->rounds + 1) * AES_BLOCK_BYTES);
	__builtin_memset(w, 0, sizeof(w));
	/* The compiler must keep the stores above. */
	__asm__ volatile("" : : "r"(w) : "memory");
}

/* --- decryption -------------------------------------------------------------------------- */

TARGET static void decrypt_init(const br_block_cbcdec_class **ctx, const void *key, size_t key_bytes)
{
	struct key *k = (struct key *)ctx;

	*ctx = aes_armv8.decrypt;
	expand(k, key, key_bytes);
	for (unsigned i = 1; i < k->rounds; i++)
		vst1q_u8(k->round_keys[i], vaesimcq_u8(vld1q_u8(k->round_keys[i])));
}

/* @n blocks interleaved: a single one would wait for each instruction. */
TARGET_INLINE void decrypt_blocks(const struct key *k, uint8x16_t *x, int n)
{
	for (unsigned i = k->rounds; i > 1; i--)
		for (int b = 0; b < n; b++)
			x[b] = vaesimcq_u8(vaesdq_u8(x[b], vld1q_u8(k->round_keys[i])));
	for (int b = 0; b < n; b++)
		x[b] = veorq_u8(vaesdq_u8(x[b], vld1q_u8(k->round_keys[1])), vld1q_u8(k->round_keys[0]));
}

TARGET_INLINE uint8x16_t decrypt_chain(const struct key *k, uint8x16_t before, uint8_t *data, int n)
{
	uint8x16_t x[SIDE_BY_SIDE], c[SIDE_BY_SIDE];

	for (int b = 0; b < n; b++)
		x[b] = c[b] = vld1q_u8(data + AES_BLOCK_BYTES * b);
	decrypt_blocks(k, x, n);
	for (int b = 0; b < n; b++) {
		vst1q_u8(data + AES_BLOCK_BYTES * b, veorq_u8(x[b], before));
		before = c[b];
	}
	return before;
}

TARGET static void decrypt_run(const br_block_cbcdec_class *const *ctx, void *iv, void *data, size_t len)
{
	const struct key *k = (const struct key *)ctx;
	uint8x16_t before = vld1q_u8(iv);
	uint8_t *p = data;

	for (; len >= SIDE_BY_SIDE * AES_BLOCK_BYTES; len -= SIDE_BY_SIDE * AES_BLOCK_BYTES) {
		before = decrypt_chain(k, before, p, SIDE_BY_SIDE);
		p += SIDE_BY_SIDE * AES_BLOCK_BYTES;
	}
	for (; len; len -= AES_BLOCK_BYTES, p += AES_BLOCK_BYTES)
		before = decrypt_chain(k, before, p, 1);
	vst1q_u8(iv, before);
}

/* --- encryption -------------------------------------------------------------------------- */

TARGET static void encrypt_init(const br_block_cbcenc_class **ctx, const void *key, size_t key_bytes)
{
	*ctx = aes_armv8.encrypt;
	expand((struct key *)ctx, key, key_bytes);
}

TARGET static void encrypt_run(const br_block_cbcenc_class *const *ctx, void *iv, void *data, size_t len)
{
	const struct key *k = (const struct key *)ctx;
	uint8x16_t x = vld1q_u8(iv);

	for (uint8_t *p = data; len; len -= AES_BLOCK_BYTES, p += AES_BLOCK_BYTES) {
		x = veorq_u8(x, vld1q_u8(p));
		for (unsigned i = 0; i + 1 < k->rounds; i++)
			x = vaesmcq_u8(vaeseq_u8(x, vld1q_u8(k->round_keys[i])));
		x = veorq_u8(vaeseq_u8(x, vld1q_u8(k->round_keys[k->rounds - 1])),
			vld1q_u8(k->round_keys[k->rounds]));
		vst1q_u8(p, x);
	}
	vst1q_u8(iv, x);
}

static const br_block_cbcdec_class decrypt_class = {sizeof(struct key), AES_BLOCK_BYTES, 4, decrypt_init,
	decrypt_run};
static const br_block_cbcenc_class encrypt_class = {sizeof(struct key), AES_BLOCK_BYTES, 4, encrypt_init,
	encrypt_run};

const struct aes aes_armv8 = {&decrypt_class, &encrypt_class};
