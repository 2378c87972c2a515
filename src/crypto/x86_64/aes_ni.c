/* SPDX-License-Identifier: MIT */
/*
 * aes_ni - AES on the processor's instructions, in the shape of BearSSL's CBC classes.
 *
 * AESENC substitutes, shifts and mixes, then adds a round key; AESENCLAST does not mix; AESDEC and AESDECLAST
 * are
 * their inverses (Intel SDM 2A). Decryption is FIPS 197's equivalent inverse cipher (5.3.5): its inner round
 * keys go
 * through AESIMC once.
 */
#include "crypto/aes.h"
#include "crypto/x86_64/x86.h"

#define TARGET __attribute__((target("aes")))
#define TARGET_INLINE TARGET static inline __attribute__((always_inline))

enum { ROUND_KEYS_MAX = 15, SIDE_BY_SIDE = 4 };

/* Fits into what BearSSL keeps for its own: vtable, 15 round keys, rounds. */
struct key {
	const void *vtable;
	uint8_t round_keys[ROUND_KEYS_MAX][AES_BLOCK_BYTES];
	unsigned rounds;
};
_Static_assert(sizeof(struct key) <= sizeof(br_aes_gen_cbcdec_keys), "no room");
_Static_assert(sizeof(struct key) <= sizeof(br_aes_gen_cbcenc_keys), "no room");

TARGET_INLINE __m128i load(const void *p)
{
	return _mm_loadu_si128(p);
}

TARGET_INLINE __m128i round_key(const struct key *k, unsigned i)
{
	return load(k->round_keys[i]);
}

/* With the same word in all columns the shift moves nothing. */
TARGET_INLINE uint32_t substitute(uint32_t word)
{
	return (uint32_t)_mm_cvtsi128_si32(
		_mm_aesenclast_si128(_mm_set1_epi32((int)word), _mm_setzero_si128()));
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
	/* What is written above counts as seen. */
	__asm__ volatile("" : : "r"(w) : "memory");
}

/* --- decryption -------------------------------------------------------------------------- */

TARGET static void decrypt_init(const br_block_cbcdec_class **ctx, const void *key, size_t key_bytes)
{
	struct key *k = (struct key *)ctx;

	*ctx = aes_ni.decrypt;
	expand(k, key, key_bytes);
	for (unsigned i = 1; i < k->rounds; i++)
		_mm_storeu_si128((__m128i *)k->round_keys[i], _mm_aesimc_si128(round_key(k, i)));
}

/* @n blocks side by side: one alone would wait for each instruction. */
TARGET_INLINE void decrypt_blocks(const struct key *k, __m128i *x, int n)
{
	for (int b = 0; b < n; b++)
		x[b] = _mm_xor_si128(x[b], round_key(k, k->rounds));
	for (unsigned i = k->rounds - 1; i; i--)
		for (int b = 0; b < n; b++)
			x[b] = _mm_aesdec_si128(x[b], round_key(k, i));
	for (int b = 0; b < n; b++)
		x[b] = _mm_aesdeclast_si128(x[b], round_key(k, 0));
}

TARGET_INLINE __m128i decrypt_chain(const struct key *k, __m128i before, uint8_t *data, int n)
{
	__m128i x[SIDE_BY_SIDE], c[SIDE_BY_SIDE];

	for (int b = 0; b < n; b++)
		x[b] = c[b] = load(data + AES_BLOCK_BYTES * b);
	decrypt_blocks(k, x, n);
	for (int b = 0; b < n; b++) {
		_mm_storeu_si128((__m128i *)(data + AES_BLOCK_BYTES * b), _mm_xor_si128(x[b], before));
		before = c[b];
	}
	return before;
}

TARGET static void decrypt_run(const br_block_cbcdec_class *const *ctx, void *iv, void *data, size_t len)
{
	const struct key *k = (const struct key *)ctx;
	__m128i before = load(iv);
	uint8_t *p = data;

	for (; len >= SIDE_BY_SIDE * AES_BLOCK_BYTES; len -= SIDE_BY_SIDE * AES_BLOCK_BYTES) {
		before = decrypt_chain(k, before, p, SIDE_BY_SIDE);
		p += SIDE_BY_SIDE * AES_BLOCK_BYTES;
	}
	for (; len; len -= AES_BLOCK_BYTES, p += AES_BLOCK_BYTES)
		before = decrypt_chain(k, before, p, 1);
	_mm_storeu_si128(iv, before);
}

/* --- encryption -------------------------------------------------------------------------- */

TARGET static void encrypt_init(const br_block_cbcenc_class **ctx, const void *key, size_t key_bytes)
{
	*ctx = aes_ni.encrypt;
	expand((struct key *)ctx, key, key_bytes);
}

TARGET static void encrypt_run(const br_block_cbcenc_class *const *ctx, void *iv, void *data, size_t len)
{
	const struct key *k = (const struct key *)ctx;
	__m128i x = load(iv);

	for (uint8_t *p = data; len; len -= AES_BLOCK_BYTES, p += AES_BLOCK_BYTES) {
		x = _mm_xor_si128(_mm_xor_si128(x, load(p)), round_key(k, 0));
		for (unsigned i = 1; i < k->rounds; i++)
			x = _mm_aesenc_si128(x, round_key(k, i));
		x = _mm_aesenclast_si128(x, round_key(k, k->rounds));
		_mm_storeu_si128((__m128i *)p, x);
	}
	_mm_storeu_si128(iv, x);
}

static const br_block_cbcdec_class decrypt_class = {sizeof(struct key), AES_BLOCK_BYTES, 4, decrypt_init,
	decrypt_run};
static const br_block_cbcenc_class encrypt_class = {sizeof(struct key), AES_BLOCK_BYTES, 4, encrypt_init,
	encrypt_run};

const struct aes aes_ni = {&decrypt_class, &encrypt_class};
