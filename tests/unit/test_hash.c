/* SPDX-License-Identifier: MIT */
/* Tests of crypto/hash: SHA-1, SHA-2 and PBKDF2 against published values and against another implementation.
 */
#include "unit.h"
#include "crypto/hash.h"
#include "../vectors/published_sha.h"
#include "../vectors/published_pbkdf2.h"

struct pbkdf2_shape {
	enum hash hash;
	size_t password_bytes, salt_bytes;
	uint32_t iterations;
	const char *key;
};

#include "../vectors/generated_pbkdf2.h"

TEST(a_hash_is_called_by_another_name)
{
	static const char *const names[] = {"sha1", "sha224", "sha256", "sha384", "sha512", "blake2b-512",
		"sha3-224", "sha3-256", "sha3-384", "sha3-512"};
	static const size_t sizes[] = {20, 28, 32, 48, 64, 64, 28, 32, 48, 64};
	enum hash h;

	assert_int_equal(HASH_COUNT, COUNT(names));
	for (int i = 0; i < HASH_COUNT; i++) {
		h = HASH_COUNT;
		assert_true(hash_find(names[i], &h));
		assert_int_equal(h, i);
		assert_string_equal(hash_name(h), names[i]);
		assert_int_equal(hash_bytes(h), sizes[i]);
		assert_true(sizes[i] <= HASH_MAX_BYTES);
	}
}

/* cryptsetup writes what it was asked for. */
TEST(a_name_in_capitals_is_another)
{
	enum hash h = HASH_COUNT;

	assert_true(hash_find("SHA256", &h));
	assert_int_equal(h, HASH_SHA256);
	assert_true(hash_find("Sha1", &h));
	assert_int_equal(h, HASH_SHA1);
}

TEST(a_name_that_is_not_in_the_list_is_found)
{
	static const char *const names[] = {"", "sha", "sha1 ", " sha1", "sha-1", "sha-256", "sha256\n",
		"sha2", "sha2560", "sha3", "sha3_256", "md5", "ripemd160", "whirlpool", "blake2b", "sm3",
		"sha512/256"};

	for (size_t i = 0; i < COUNT(names); i++) {
		enum hash h = HASH_COUNT;

		if (hash_find(names[i], &h))
			fail_msg("\"%s\" was found", names[i]);
		assert_int_equal(h, HASH_COUNT);
	}
}

TEST(a_published_digest_comes_out_different)
{
	static char text[1000000];

	for (size_t i = 0; i < COUNT(published_sha); i++) {
		const struct sha_published *v = &published_sha[i];
		size_t len = strlen(v->text);
		struct bytes part = {text, len * v->times};
		uint8_t digest[HASH_MAX_BYTES];

		for (unsigned n = 0; n < v->times; n++)
			memcpy(text + n * len, v->text, len);
		assert_int_equal(strlen(v->digest), 2 * hash_bytes(v->hash));
		hash_run(v->hash, &part, 1, digest);
		unit_equals_hex(digest, v->digest);
	}
}

TEST(parts_are_hashed_otherwise_than_the_whole)
{
	uint8_t data[600], whole[HASH_MAX_BYTES], got[HASH_MAX_BYTES + 8];

	unit_fill(5, data, sizeof(data));
	for (int h = 0; h < HASH_COUNT; h++) {
		struct bytes one = {data, sizeof(data)};

		hash_run((enum hash)h, &one, 1, whole);
		for (size_t cut = 0; cut <= sizeof(data); cut += 37) {
			struct bytes parts[] = {{data, cut}, {data + cut, 0},
				{data + cut, sizeof(data) - cut}};

			memset(got, '#', sizeof(got));
			hash_run((enum hash)h, parts, 3, got);
			assert_memory_equal(got, whole, hash_bytes((enum hash)h));
			assert_int_equal(unit_others(got + hash_bytes((enum hash)h), '#',
						 sizeof(got) - hash_bytes((enum hash)h)),
				0);
		}
	}
}

/* Both @bytes and one byte more of room: nothing may be written behind the end. */
static void assert_pbkdf2(enum hash h, struct bytes password, struct bytes salt, uint32_t iterations,
	const char *key)
{
	size_t n = strlen(key) / 2;
	uint8_t out[512];

	assert_true(n < sizeof(out));
	memset(out, '#', sizeof(out));
	hash_pbkdf2(&(struct pbkdf2){h, password, salt, iterations}, out, n);
	unit_equals_hex(out, key);
	assert_int_equal(unit_others(out + n, '#', sizeof(out) - n), 0);
}

TEST(a_published_pbkdf2_key_comes_out_different)
{
	for (size_t i = 0; i < COUNT(published_pbkdf2); i++) {
		const struct pbkdf2_published *v = &published_pbkdf2[i];

		assert_pbkdf2(v->hash, (struct bytes){v->password, v->password_bytes},
			(struct bytes){v->salt, v->salt_bytes}, v->iterations, v->key);
	}
}

TEST(pbkdf2_disagrees_with_another_implementation)
{
	uint8_t password[512], salt[64];

	unit_fill(SEED_PASSWORD, password, sizeof(password));
	unit_fill(SEED_SALT, salt, sizeof(salt));
	for (size_t i = 0; i < COUNT(generated_pbkdf2); i++) {
		const struct pbkdf2_shape *v = &generated_pbkdf2[i];

		assert_pbkdf2(v->hash, (struct bytes){password, v->password_bytes},
			(struct bytes){salt, v->salt_bytes}, v->iterations, v->key);
	}
}

TEST(no_key_bytes_are_wanted_and_some_are_written)
{
	uint8_t out = '#';

	hash_pbkdf2(&(struct pbkdf2){HASH_SHA256, {"p", 1}, {"salt", 4}, 1}, &out, 0);
	assert_int_equal(out, '#');
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hash_is_called_by_another_name),
		cmocka_unit_test(a_name_in_capitals_is_another),
		cmocka_unit_test(a_name_that_is_not_in_the_list_is_found),
		cmocka_unit_test(a_published_digest_comes_out_different),
		cmocka_unit_test(parts_are_hashed_otherwise_than_the_whole),
		cmocka_unit_test(a_published_pbkdf2_key_comes_out_different),
		cmocka_unit_test(pbkdf2_disagrees_with_another_implementation),
		cmocka_unit_test(no_key_bytes_are_wanted_and_some_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
