/* SPDX-License-Identifier: MIT */
/*
 * aes_cores - AES on a processor's instructions, in the shape of BearSSL's CBC classes: what is the same for
 * each architecture. Each core includes it once, behind crypto/aes.h and its own definitions of
 *
 *	TARGET            the attribute that allows the instructions; TARGET_INLINE, of inline functions
 *	vector            the type of 16 bytes
 *	load, store, add  of a vector from and to any address; the sum of two (XOR)
 *	substitute        SubWord of FIPS 197, 5.2, on a little-endian word
 *	inverse_columns   InvMixColumns of a round key
 *	decrypt_rounds    of n blocks with @keys[@rounds .. 0]: the equivalent inverse cipher (5.3.5)
 *	encrypt_rounds    of one block with @keys[0 .. @rounds] (5.1)
 *	AES_CORE          the name of the struct aes that this makes
 */
enum { ROUND_KEYS_MAX = 15, SIDE_BY_SIDE = 4 };

/* Fits into what BearSSL keeps for its own: vtable, 15 round keys, rounds. */
struct key {
	const void *vtable;
	uint8_t round_keys[ROUND_KEYS_MAX][AES_BLOCK_BYTES];
	unsigned rounds;
};
_Static_assert(sizeof(struct key) <= sizeof(br_aes_gen_cbcdec_keys), "no room");
_Static_assert(sizeof(struct key) <= sizeof(br_aes_gen_cbcenc_keys), "no room");

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

	*ctx = AES_CORE.decrypt;
	expand(k, key, key_bytes);
	for (unsigned i = 1; i < k->rounds; i++)
		store(k->round_keys[i], inverse_columns(load(k->round_keys[i])));
}

TARGET_INLINE vector decrypt_chain(const struct key *k, vector before, uint8_t *data, int n)
{
	vector x[SIDE_BY_SIDE], c[SIDE_BY_SIDE];

	for (int b = 0; b < n; b++)
		x[b] = c[b] = load(data + AES_BLOCK_BYTES * b);
	decrypt_rounds(k->round_keys, k->rounds, x, n);
	for (int b = 0; b < n; b++) {
		store(data + AES_BLOCK_BYTES * b, add(x[b], before));
		before = c[b];
	}
	return before;
}

TARGET static void decrypt_run(const br_block_cbcdec_class *const *ctx, void *iv, void *data, size_t len)
{
	const struct key *k = (const struct key *)ctx;
	vector before = load(iv);
	uint8_t *p = data;

	for (; len >= SIDE_BY_SIDE * AES_BLOCK_BYTES; len -= SIDE_BY_SIDE * AES_BLOCK_BYTES) {
		before = decrypt_chain(k, before, p, SIDE_BY_SIDE);
		p += SIDE_BY_SIDE * AES_BLOCK_BYTES;
	}
	for (; len; len -= AES_BLOCK_BYTES, p += AES_BLOCK_BYTES)
		before = decrypt_chain(k, before, p, 1);
	store(iv, before);
}

/* --- encryption -------------------------------------------------------------------------- */

TARGET static void encrypt_init(const br_block_cbcenc_class **ctx, const void *key, size_t key_bytes)
{
	*ctx = AES_CORE.encrypt;
	expand((struct key *)ctx, key, key_bytes);
}

TARGET static void encrypt_run(const br_block_cbcenc_class *const *ctx, void *iv, void *data, size_t len)
{
	const struct key *k = (const struct key *)ctx;
	vector x = load(iv);

	for (uint8_t *p = data; len; len -= AES_BLOCK_BYTES, p += AES_BLOCK_BYTES) {
		x = encrypt_rounds(k->round_keys, k->rounds, add(x, load(p)));
		store(p, x);
	}
	store(iv, x);
}

static const br_block_cbcdec_class decrypt_class = {sizeof(struct key), AES_BLOCK_BYTES, 4, decrypt_init,
	decrypt_run};
static const br_block_cbcenc_class encrypt_class = {sizeof(struct key), AES_BLOCK_BYTES, 4, encrypt_init,
	encrypt_run};

const struct aes AES_CORE = {&decrypt_class, &encrypt_class};
