/* SPDX-License-Identifier: MIT */
/*
 * Run the hash, KDF, area and compare code on secrets that memcheck holds for undefined: it
 * complains of every branch and every address that depends on one. The first argument lists the features of
 * the processor to use. "branch" and "address" as the second do on purpose what must not be done.
 */
#include "../unit/features.h"
#include "crypto/aes_run.h"
#include "crypto/cipher.h"
#include "crypto/core.h"
#include "crypto/hmac.h"
#include "crypto/kdf.h"
#include "keyslot/af.h"
#include "keyslot/digest.h"
#include "crypto/p256.h"
#include "crypto/p521.h"
#include "secret/wipe.h"
#include "token/clevis/shamir.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

static const uint8_t prime[SHAMIR_BYTES] = {0x80, [SHAMIR_BYTES - 1] = 0x5f};
static uint8_t secret[100], area[4000 * 64], key[64];

static void poison(void)
{
	VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof(secret));
	VALGRIND_MAKE_MEM_UNDEFINED(area, sizeof(area));
	VALGRIND_MAKE_MEM_UNDEFINED(key, sizeof(key));
}

static void hashes(void)
{
	for (int h = 0; h < HASH_COUNT; h++) {
		poison();
		hash_run((enum hash)h, &(struct bytes){secret, sizeof(secret)}, 1, key);
		for (size_t out = 16; out <= 64; out += 16)
			hash_pbkdf2(&(struct pbkdf2){(enum hash)h, {secret, sizeof(secret)}, {"salt", 4}, 20},
				key, out);
		af_merge((enum hash)h, area, 32, key);
	}
}

/* Argon2i. The other type reads where its data say, from the third slice on: that is its definition. */
static void argon2i(void)
{
	struct kdf kdf = {.kind = KDF_ARGON2I,
		.iterations = 2,
		.memory_kib = 600,
		.lanes = 2,
		.salt_bytes = 32};
	struct error err;

	poison();
	if (kdf_derive(&kdf, (struct bytes){secret, sizeof(secret)}, key, sizeof(key), &err))
		abort();
}

static void areas(void)
{
	static const enum cipher list[] = {CIPHER_AES_XTS_PLAIN64, CIPHER_AES_CBC_ESSIV_SHA256,
		CIPHER_AES_CBC_PLAIN64};

	for (int i = 0; i < 3; i++) {
		poison();
		cipher_decrypt(list[i], key, 32, area, 8);
	}
}

static void comparison(void)
{
	struct luks_digest digest = {.hash = HASH_SHA256, .iterations = 10, .value_bytes = 32};
	bool same;

	poison();
	same = digest_matches(&digest, (struct bytes){key, sizeof(key)});
	/* Only the verdict may be known. */
	VALGRIND_MAKE_MEM_DEFINED(&same, sizeof(same));
	if (same)
		abort();
}

/* Of the token program clevis: whether what it has is valid at all may be known. */
static void clevis(void)
{
	struct p521_point point = {{4}}, sum = point;
	bool valid;

	VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof(secret));
	valid = p521_scalar(secret);
	VALGRIND_MAKE_MEM_DEFINED(&valid, sizeof(valid));
	valid |= p521_add(&sum, &point, secret);
	VALGRIND_MAKE_MEM_DEFINED(&valid, sizeof(valid));
	VALGRIND_MAKE_MEM_UNDEFINED(area, 3 * SHAMIR_SHARE_BYTES);
	valid |= shamir_combine(prime, (const uint8_t(*)[SHAMIR_SHARE_BYTES])area, 3, key);
	VALGRIND_MAKE_MEM_DEFINED(&valid, sizeof(valid));
	if (valid)
		puts("valid");
}

/* Of the token programs for security keys and TPMs. */
static void devices(void)
{
	static const uint8_t one[P256_BYTES] = {[P256_BYTES - 1] = 1}, iv[AES_RUN_BLOCK_BYTES];
	const struct bytes text = {secret, 32};
	struct p256_point peer, ours;
	bool valid = p256_public(one, &peer);

	VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof(secret));
	valid &= p256_public(secret, &ours);
	VALGRIND_MAKE_MEM_DEFINED(&valid, sizeof(valid));
	valid &= p256_shared(secret, &peer, key);
	VALGRIND_MAKE_MEM_DEFINED(&valid, sizeof(valid));
	aes_run_cbc_encrypt(key, 32, iv, secret, 64);
	aes_run_cbc_decrypt(key, 32, iv, secret, 64);
	hmac_hkdf(text, text, (struct bytes){"info", 4}, key);
	if (valid)
		puts("valid");
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";
	static volatile uint8_t table[256];

	core_choose(features_named(argc > 1 ? argv[1] : ""));
	poison();
	if (!strcmp(what, "branch"))
		return secret[0] & 1 ? puts("odd") : puts("even");
	if (!strcmp(what, "address"))
		return table[secret[0]] == 7;
	hashes();
	argon2i();
	areas();
	comparison();
	clevis();
	devices();
	printf("%s %s %s "
	       "%s\n",
		core_hash(CORE_SHA1)->name, core_hash(CORE_SHA256)->name, core_hash(CORE_SHA512)->name,
		core_argon2()->name);
	return 0;
}
