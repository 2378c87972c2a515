/* SPDX-License-Identifier: MIT */
/* Every core of every hash, against published vectors and against BearSSL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypto/hash.h"
#include "crypto/sha.h"
#include "features.h"

#include <bearssl_hash.h>
#include <bearssl_hmac.h>
#include <stdlib.h>
#include <string.h>

static const br_hash_class *const classes[] = {
	[HASH_SHA1] = &br_sha1_vtable,
	[HASH_SHA224] = &br_sha224_vtable,
	[HASH_SHA256] = &br_sha256_vtable,
	[HASH_SHA384] = &br_sha384_vtable,
	[HASH_SHA512] = &br_sha512_vtable,
};

/* Repeatable and good enough. */
static uint64_t seed;

static uint32_t random32(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 32);
}

static void random_bytes(uint8_t *p, size_t n)
{
	while (n--)
		*p++ = (uint8_t)random32();
}

/* Call @f with every subset of the features that this processor has. */
static void with_each_choice(void (*f)(void))
{
	unsigned n = 0;

	while (arch.features[n])
		n++;
	for (unsigned set = 0; set < 1u << n; set++) {
		char list[256] = "", chosen[256];

		if (set & ~arch.detect())
			continue;
		for (unsigned i = 0; i < n; i++)
			if (set & 1u << i) {
				strcat(list, *list ? "," : "");
				strcat(list, arch.features[i]);
			}
		core_choose(features_named(list));
		assert_int_equal(features_named(list), set);
		core_features(chosen, sizeof(chosen));
		assert_string_equal(list, chosen);
		f();
	}
	core_choose(CORE_ALL_FEATURES);
}

static void from_hex(const char *hex, uint8_t *out)
{
	for (; *hex; hex += 2) {
		char pair[] = {hex[0], hex[1], 0};

		*out++ = (uint8_t)strtoul(pair, NULL, 16);
	}
}

/* --- published vectors --------------------------------------------------------------------- */

/* FIPS 180-4's examples: one block, two blocks, a million times the letter a. */
static const struct {
	enum hash hash;
	const char *message;
	size_t times;
	const char *digest;
} messages[] = {
	{HASH_SHA1, "abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
	{HASH_SHA1, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		"84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
	{HASH_SHA1, "a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
	{HASH_SHA224, "abc", 1, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
	{HASH_SHA256, "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{HASH_SHA256, "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{HASH_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{HASH_SHA256, "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
	{HASH_SHA384, "abc", 1,
		"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca13"
		"4c825a7"},
	{HASH_SHA512, "abc", 1,
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
	{HASH_SHA512, "a", 1000000,
		"e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
		"de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"},
};

static void check_messages(void)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		size_t len = strlen(messages[i].message) * messages[i].times;
		uint8_t want[HASH_MAX_BYTES], got[HASH_MAX_BYTES], *text = malloc(len + 1);

		assert_non_null(text);
		for (size_t k = 0; k < messages[i].times; k++)
			memcpy(text + k * strlen(messages[i].message), messages[i].message,
				strlen(messages[i].message));
		from_hex(messages[i].digest, want);
		hash_run(messages[i].hash, &(struct bytes){text, len}, 1, got);
		free(text);
		assert_memory_equal(got, want, hash_bytes(messages[i].hash));
	}
}

static void messages_of_the_standard(void **state)
{
	(void)state;
	with_each_choice(check_messages);
}

/* RFC 6070 (SHA-1), RFC 7914 section 11 (SHA-256). */
static const struct {
	enum hash hash;
	const char *password, *salt;
	uint8_t password_bytes, salt_bytes;
	uint32_t iterations;
	const char *key;
} keys[] = {
	{HASH_SHA1, "password", "salt", 8, 4, 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
	{HASH_SHA1, "password", "salt", 8, 4, 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"},
	{HASH_SHA1, "password", "salt", 8, 4, 4096, "4b007901b765489abead49d926f721d065a429c1"},
	{HASH_SHA1, "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 24, 36, 4096,
		"3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"},
	{HASH_SHA1, "pass\0word", "sa\0lt", 9, 5, 4096, "56fa6aa75548099dcc37d7f03425e0c3"},
	{HASH_SHA256, "passwd", "salt", 6, 4, 1,
		"55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
		"49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"},
	{HASH_SHA256, "Password", "NaCl", 8, 4, 80000,
		"4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
		"a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"},
};

static void check_keys(void)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		size_t len = strlen(keys[i].key) / 2;
		uint8_t want[64], got[64];

		from_hex(keys[i].key, want);
		hash_pbkdf2(&(struct pbkdf2){keys[i].hash, {keys[i].password, keys[i].password_bytes},
				    {keys[i].salt, keys[i].salt_bytes}, keys[i].iterations},
			got, len);
		assert_memory_equal(got, want, len);
	}
}

static void keys_of_the_rfcs(void **state)
{
	(void)state;
	with_each_choice(check_keys);
}

/* --- against BearSSL ------------------------------------------------------------------------- */

static void bearssl_hash(enum hash h, const uint8_t *data, size_t len, uint8_t *out)
{
	br_hash_compat_context ctx;

	classes[h]->init(&ctx.vtable);
	classes[h]->update(&ctx.vtable, data, len);
	classes[h]->out(&ctx.vtable, out);
}

/* Every length around the ends of blocks, in up to three parts. */
static void check_lengths(void)
{
	uint8_t data[300], want[HASH_MAX_BYTES], got[HASH_MAX_BYTES];

	seed = 1;
	random_bytes(data, sizeof(data));
	for (int h = 0; h <= HASH_SHA512; h++)
		for (size_t len = 0; len <= sizeof(data); len++) {
			size_t a = random32() % (len + 1), b = a + random32() % (len - a + 1);
			struct bytes parts[] = {{data, a}, {data + a, b - a}, {data + b, len - b}};

			bearssl_hash((enum hash)h, data, len, want);
			hash_run((enum hash)h, parts, 3, got);
			assert_memory_equal(got, want, hash_bytes((enum hash)h));
		}
}

static void lengths_and_parts_agree_with_bearssl(void **state)
{
	(void)state;
	with_each_choice(check_lengths);
}

static void bearssl_pbkdf2(enum hash h, struct bytes password, struct bytes salt, uint32_t iterations,
	uint8_t *out, size_t out_bytes)
{
	const size_t digest = hash_bytes(h);
	br_hmac_key_context key;
	br_hmac_context mac;

	br_hmac_key_init(&key, classes[h], password.data, password.len);
	for (uint32_t index = 1; out_bytes; index++) {
		size_t take = out_bytes < digest ? out_bytes : digest;
		uint8_t t[HASH_MAX_BYTES], u[HASH_MAX_BYTES], be[4];

		bytes_put_be32(be, index);
		br_hmac_init(&mac, &key, 0);
		br_hmac_update(&mac, salt.data, salt.len);
		br_hmac_update(&mac, be, sizeof(be));
		br_hmac_out(&mac, u);
		memcpy(t, u, digest);
		for (uint32_t c = 1; c < iterations; c++) {
			br_hmac_init(&mac, &key, 0);
			br_hmac_update(&mac, u, digest);
			br_hmac_out(&mac, u);
			for (size_t i = 0; i < digest; i++)
				t[i] ^= u[i];
		}
		memcpy(out, t, take);
		out += take;
		out_bytes -= take;
	}
}

/* @n derivations with random parameters: keys up to more than a batch, passwords up to more than a block. */
static void check_derivations(void)
{
	uint8_t password[200], salt[100], want[300], got[300 + 1];

	for (int h = 0; h <= HASH_SHA512; h++)
		for (int n = 0; n < 60; n++) {
			struct bytes p = {password, random32() % sizeof(password)};
			struct bytes s = {salt, random32() % sizeof(salt)};
			uint32_t iterations = 1 + random32() % 9;
			size_t len = 1 + random32() % (sizeof(want) - 1);

			random_bytes(password, sizeof(password));
			random_bytes(salt, sizeof(salt));
			bearssl_pbkdf2((enum hash)h, p, s, iterations, want, len);
			got[len] = 0xa5;
			hash_pbkdf2(&(struct pbkdf2){(enum hash)h, p, s, iterations}, got, len);
			assert_memory_equal(got, want, len);
			assert_int_equal(got[len], 0xa5);
		}
}

static void derivations_agree_with_bearssl(void **state)
{
	(void)state;
	seed = 2;
	with_each_choice(check_derivations);
}

/* --- core against core ------------------------------------------------------------------------ */

static const struct hash_core *const plain[CORE_HASHES] = {&sha1_c, &sha256_c, &sha512_c};
static const size_t state_bytes[CORE_HASHES] = {20, 32, 64}, block_bytes[CORE_HASHES] = {64, 64, 128};

static void check_core(int h, const struct hash_core *c)
{
	uint8_t data[6 * 128 + 1], a[64], b[64], inner[64], outer[64];
	uint8_t u[7 * 64], t[7 * 64], u2[7 * 64], t2[7 * 64];

	for (size_t n = 0; n <= 6; n++) {
		random_bytes(data, sizeof(data));
		random_bytes(a, sizeof(a));
		memcpy(b, a, sizeof(a));
		plain[h]->compress(a, data + 1, n);
		c->compress(b, data + 1, n);
		assert_memory_equal(a, b, sizeof(a));
		assert_true(n * block_bytes[h] < sizeof(data));
	}
	for (size_t n = 0; n <= 7; n++)
		for (uint32_t rounds = 0; rounds < 5; rounds++) {
			random_bytes(inner, sizeof(inner));
			random_bytes(outer, sizeof(outer));
			random_bytes(u, sizeof(u));
			random_bytes(t, sizeof(t));
			memcpy(u2, u, sizeof(u));
			memcpy(t2, t, sizeof(t));
			plain[h]->iterate(inner, outer, u, t, n, rounds);
			c->iterate(inner, outer, u2, t2, n, rounds);
			/* What lies behind the n states is as it was. */
			assert_memory_equal(t, t2, sizeof(t));
			assert_memory_equal(u, u2, n * state_bytes[h]);
		}
}

static void cores_agree_with_plain_c(void **state)
{
	unsigned lacking = 0;

	(void)state;
	seed = 3;
	for (int h = 0; h < CORE_HASHES; h++)
		for (const struct hash_core *const *c = arch.hashes[h]; *c; c++)
			if ((*c)->needs & ~arch.detect()) {
				print_message("# not on this processor: %s\n", (*c)->name);
				lacking++;
			} else {
				check_core(h, *c);
			}
	if (lacking)
		print_message("# %u cores could not run here\n", lacking);
}

/* --- choice and progress ------------------------------------------------------------------------ */

static void without_features_the_last_core_runs(void **state)
{
	(void)state;
	core_choose(0);
	for (int h = 0; h < CORE_HASHES; h++) {
		const struct hash_core *c = core_hash((enum core_hash)h);

		assert_int_equal(c->needs, 0);
	}
	assert_int_equal(core_argon2()->needs, 0);
	core_choose(features_named("no-such-feature"));
	assert_int_equal(core_argon2()->needs, 0);
	core_choose(CORE_ALL_FEATURES);
}

static uint64_t told, last_done;

static void tell(void *context, uint64_t done, uint64_t total)
{
	assert_ptr_equal(context, &told);
	assert_int_equal(total, 50001);
	assert_true(done > last_done && done <= total);
	last_done = done;
	told++;
}

static void progress_ends_at_the_end(void **state)
{
	const struct progress p = {tell, &told};
	const struct bytes text = {"x", 1};
	uint8_t with[64], without[64];

	(void)state;
	hash_pbkdf2_from(&(struct pbkdf2){HASH_SHA256, text, text, 50001}, 1, with, sizeof(with), &p, NULL);
	assert_true(told > 1 && told < 100);
	assert_int_equal(last_done, 50001);
	bearssl_pbkdf2(HASH_SHA256, text, text, 50001, without, sizeof(without));
	assert_memory_equal(with, without, sizeof(with));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_the_standard),
		cmocka_unit_test(keys_of_the_rfcs),
		cmocka_unit_test(lengths_and_parts_agree_with_bearssl),
		cmocka_unit_test(derivations_agree_with_bearssl),
		cmocka_unit_test(cores_agree_with_plain_c),
		cmocka_unit_test(without_features_the_last_core_runs),
		cmocka_unit_test(progress_ends_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
