/* SPDX-License-Identifier: MIT */
/* Tests of keyslot/digest: which keys it lets through. */
#include "unit.h"
#include "keyslot/digest.h"

static struct luks_digest digest_of(enum hash h, struct bytes key, uint32_t value_bytes)
{
	struct luks_digest d = {.hash = h, .iterations = 3, .value_bytes = value_bytes};

	unit_fill(SEED_SALT, d.salt, sizeof(d.salt));
	hash_pbkdf2(&(struct pbkdf2){h, key, {d.salt, sizeof(d.salt)}, d.iterations}, d.value, value_bytes);
	return d;
}

TEST(the_right_key_is_refused)
{
	static const size_t key_sizes[] = {16, 24, 32, 48, 64};
	uint8_t key[64];

	unit_fill(SEED_KEY, key, sizeof(key));
	for (int h = 0; h < HASH_COUNT; h++)
		for (size_t i = 0; i < COUNT(key_sizes); i++) {
			struct bytes k = {key, key_sizes[i]};
			struct luks_digest whole =
				digest_of((enum hash)h, k, (uint32_t)hash_bytes((enum hash)h));
			struct luks_digest cut = digest_of((enum hash)h, k, 20);

			assert_true(digest_matches(&whole, k));
			assert_true(digest_matches(&cut, k));
		}
}

/* The value that another implementation gives for a key, salt and iterations of tests/vectors. */
TEST(the_salt_is_cut_or_the_iterations_are_others)
{
	/* Python: hashlib.pbkdf2_hmac("sha256", fill(3, 64), fill(2, 32), 1000, 32) with fill of
	 * tests/vectors */
	struct luks_digest d = {.hash = HASH_SHA256, .iterations = 1000, .value_bytes = 32};
	uint8_t key[64];

	unit_fill(SEED_KEY, key, sizeof(key));
	unit_fill(SEED_SALT, d.salt, sizeof(d.salt));
	unit_unhex("60dda667340e1be5bbc9037d403ba2090d7b491114ffdde9e883a7dc87ed4f39", d.value);
	assert_true(digest_matches(&d, (struct bytes){key, sizeof(key)}));
	d.iterations--;
	assert_false(digest_matches(&d, (struct bytes){key, sizeof(key)}));
	d.iterations++;
	d.salt[31] ^= 1;
	assert_false(digest_matches(&d, (struct bytes){key, sizeof(key)}));
}

TEST(a_key_that_is_wrong_in_one_bit_is_let_through)
{
	uint8_t key[64];
	struct bytes k = {key, sizeof(key)};
	struct luks_digest d;

	unit_fill(SEED_KEY, key, sizeof(key));
	d = digest_of(HASH_SHA256, k, 32);
	for (size_t bit = 0; bit < 8 * sizeof(key); bit++) {
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(digest_matches(&d, k));
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	k.len--;
	assert_false(digest_matches(&d, k));
}

TEST(a_byte_of_the_value_is_not_compared)
{
	static const uint32_t lengths[] = {20, 32, 63, 64};
	uint8_t key[32];
	struct bytes k = {key, sizeof(key)};

	unit_fill(SEED_KEY, key, sizeof(key));
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct luks_digest d = digest_of(HASH_SHA512, k, lengths[i]);

		for (uint32_t n = 0; n < lengths[i]; n++) {
			d.value[n] ^= 1;
			assert_false(digest_matches(&d, k));
			d.value[n] ^= 1;
		}
		assert_true(digest_matches(&d, k));
	}
}

TEST(a_value_without_bytes_matches_every_key)
{
	uint8_t key[32] = {0};
	struct bytes k = {key, sizeof(key)};

	for (uint32_t n = 0; n < 20; n++) {
		struct luks_digest d = digest_of(HASH_SHA256, k, n);

		assert_false(digest_matches(&d, k));
	}
}

TEST(a_value_longer_than_its_room_is_read_beyond_it)
{
	uint8_t key[32] = {0};
	struct bytes k = {key, sizeof(key)};
	struct luks_digest d = digest_of(HASH_SHA512, k, 64);

	d.value_bytes = 65;
	assert_false(digest_matches(&d, k));
	d.value_bytes = UINT32_MAX;
	assert_false(digest_matches(&d, k));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_key_is_refused),
		cmocka_unit_test(the_salt_is_cut_or_the_iterations_are_others),
		cmocka_unit_test(a_key_that_is_wrong_in_one_bit_is_let_through),
		cmocka_unit_test(a_byte_of_the_value_is_not_compared),
		cmocka_unit_test(a_value_without_bytes_matches_every_key),
		cmocka_unit_test(a_value_longer_than_its_room_is_read_beyond_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
