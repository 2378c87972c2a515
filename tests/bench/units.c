/* SPDX-License-Identifier: MIT */
/*
 * units - do one unit of work of a derivation COUNT times: units [-m FEATURES] ours|theirs NAME COUNT.
 *
 * tests/bench/targets.py counts the instructions. "ours" is the core that latchkey chooses on this
 * processor (-m: with only those features); "theirs" is the library's own: ref.c of phc-winner-argon2, and
 * BearSSL's hashes and AES. Both are compiled here, by the same compiler, with -O2. Without arguments it
 * prints the names.
 */
#include "../unit/features.h"
#include <stdio.h>
#include <stdlib.h>

#define fill_segment theirs_fill_segment
#include <argon2/src/ref.c>
#undef fill_segment
#include <hash/sha1.c>
#define K sha512_constants
#include <hash/sha2big.c>
#undef K
#include <hash/sha2small.c>
#include "crypto/argon2_fill.h"
#include "crypto/xts.h"
#include "keyslot/af.h"
#define af_merge units_af_merge
#include "../../src/keyslot/af.c"
#undef af_merge

enum { SECTOR = 512, STRIPE = 64 };

/* --- Argon2: one block of the first pass, and of a later one --- */

static block memory[3] __attribute__((aligned(64)));

static void ours_argon2(unsigned count, bool later)
{
	static struct argon2_scratch scratch;
	struct argon2_ahead ahead = {0};

	while (count--)
		core_argon2()->fill_block(&memory[2], &memory[1], &memory[0], later, &ahead, &scratch);
}

static void theirs_argon2(unsigned count, bool later)
{
	while (count--)
		fill_block(&memory[1], &memory[0], &memory[2], later);
}

static void ours_argon2_first(unsigned count)
{
	ours_argon2(count, false);
}
static void ours_argon2_later(unsigned count)
{
	ours_argon2(count, true);
}
static void theirs_argon2_first(unsigned count)
{
	theirs_argon2(count, false);
}
static void theirs_argon2_later(unsigned count)
{
	theirs_argon2(count, true);
}

/* --- two compressions: one iteration of PBKDF2 --- */

static void ours_iterations(enum core_hash h, unsigned count)
{
	static uint64_t inner[8], outer[8], u[8], t[8];

	core_hash(h)->iterate(inner, outer, u, t, 1, count);
}

static void ours_sha1(unsigned count)
{
	ours_iterations(CORE_SHA1, count);
}
static void ours_sha256(unsigned count)
{
	ours_iterations(CORE_SHA256, count);
}
static void ours_sha512(unsigned count)
{
	ours_iterations(CORE_SHA512, count);
}

/* BearSSL has no loop of PBKDF2: the two states are set, and one padded block is added to each. */
#define THEIRS(name, context, init, update, set_state, block_bytes)                                          \
	static void theirs_##name(unsigned count)                                                            \
	{                                                                                                    \
		static uint8_t data[block_bytes], state[64];                                                 \
		context c;                                                                                   \
		init(&c);                                                                                    \
		for (count *= 2; count; count--) {                                                           \
			set_state(&c, state, block_bytes);                                                   \
			update(&c, data, block_bytes);                                                       \
		}                                                                                            \
	}
THEIRS(sha1, br_sha1_context, br_sha1_init, br_sha1_update, br_sha1_set_state, 64)
THEIRS(sha256, br_sha256_context, br_sha256_init, br_sha256_update, br_sha256_set_state, 64)
THEIRS(sha512, br_sha512_context, br_sha512_init, br_sha512_update, br_sha512_set_state, 128)

/* --- one stripe of 64 bytes of the AF merge, SHA-256 --- */

static void ours_af(unsigned count)
{
	static uint8_t key[STRIPE];

	while (count--)
		diffuse(HASH_SHA256, key, sizeof(key));
}

static void theirs_af(unsigned count)
{
	static uint8_t key[STRIPE], number[4];
	br_sha256_context c;

	for (count *= 2; count; count--) {
		br_sha256_init(&c);
		br_sha256_update(&c, number, sizeof(number));
		br_sha256_update(&c, key, 32);
		br_sha256_out(&c, key);
	}
}

/* --- 512 bytes of AES-256: ours is XTS, BearSSL has only CBC --- */

static void ours_aes(unsigned count)
{
	static uint8_t key[64], data[8 * SECTOR];

	xts_aes_decrypt(key, sizeof(key), data, count);
}

static void theirs_aes(unsigned count)
{
	static uint8_t key[32], iv[16], data[SECTOR];
#if UINTPTR_MAX > UINT32_MAX
	br_aes_ct64_cbcdec_keys keys;

	br_aes_ct64_cbcdec_init(&keys, key, sizeof(key));
	while (count--)
		br_aes_ct64_cbcdec_run(&keys, iv, data, sizeof(data));
#else
	br_aes_ct_cbcdec_keys keys;

	br_aes_ct_cbcdec_init(&keys, key, sizeof(key));
	while (count--)
		br_aes_ct_cbcdec_run(&keys, iv, data, sizeof(data));
#endif
}

static const struct unit {
	const char *name;
	void (*ours)(unsigned count), (*theirs)(unsigned count);
} units[] = {
	{"argon2-first-pass", ours_argon2_first, theirs_argon2_first},
	{"argon2-later-pass", ours_argon2_later, theirs_argon2_later},
	{"pbkdf2-sha1", ours_sha1, theirs_sha1},
	{"pbkdf2-sha256", ours_sha256, theirs_sha256},
	{"pbkdf2-sha512", ours_sha512, theirs_sha512},
	{"af-stripe", ours_af, theirs_af},
	{"aes-512-bytes", ours_aes, theirs_aes},
};

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "-m")) {
		core_choose(features_named(argv[2]));
		argv += 2, argc -= 2;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (argc == 1)
			puts(units[i].name);
		else if (argc == 4 && !strcmp(argv[2], units[i].name)) {
			(strcmp(argv[1], "ours") ? units[i].theirs : units[i].ours)((unsigned)atoi(argv[3]));
			return 0;
		}
	return argc != 1;
}
