/* SPDX-License-Identifier: MIT */
/* Tests of keyslot/af: merging, against two other implementations. */
#include "reference.h"
#include "format/luks.h"
#include "keyslot/af.h"

struct af_shape {
	enum hash hash;
	size_t key_bytes;
	const char *key;
};

#include "../vectors/generated_af.h"

static uint8_t split[64 * LUKS_STRIPES], copy[64 * LUKS_STRIPES];

TEST(the_number_of_stripes_is_not_that_of_the_specification)
{
	assert_int_equal(LUKS_STRIPES, 4000);
}

TEST(merging_disagrees_with_another_implementation)
{
	for (size_t i = 0; i < COUNT(generated_af); i++) {
		const struct af_shape *v = &generated_af[i];
		uint8_t key[80];

		unit_fill(SEED_DATA, split, v->key_bytes * LUKS_STRIPES);
		memset(key, '#', sizeof(key));
		af_merge(v->hash, split, v->key_bytes, key);
		unit_equals_hex(key, v->key);
		assert_int_equal(unit_others(key + v->key_bytes, '#', sizeof(key) - v->key_bytes), 0);
	}
}

TEST(what_was_split_does_not_merge)
{
	/* 20 and 40 bytes are whole SHA-1 digests; the others leave a rest of 16, 4, 12, 8 and 4 bytes. */
	static const size_t sizes[] = {16, 20, 24, 32, 40, 48, 64};
	uint8_t key[64], got[64];

	for (int h = 0; h <= HASH_SHA512; h++) /* those of the reference */
		for (size_t i = 0; i < COUNT(sizes); i++) {
			unit_fill(SEED_KEY + (uint32_t)i, key, sizeof(key));
			reference_af_split((enum hash)h, key, sizes[i], 1000 + (uint32_t)i, split);
			memset(got, 0, sizeof(got));
			af_merge((enum hash)h, split, sizes[i], got);
			assert_memory_equal(got, key, sizes[i]);
		}
}

TEST(a_stripe_does_not_matter)
{
	static const size_t stripes[] = {0, 1, 2, 1999, 3997, 3998, 3999};
	uint8_t key[32], got[32];

	unit_fill(SEED_KEY, key, sizeof(key));
	reference_af_split(HASH_SHA256, key, sizeof(key), 7, split);
	for (size_t i = 0; i < COUNT(stripes); i++)
		for (size_t byte = 0; byte < sizeof(key); byte += 31) {
			uint8_t *p = split + stripes[i] * sizeof(key) + byte;

			*p ^= 0x10;
			af_merge(HASH_SHA256, split, sizeof(key), got);
			assert_memory_not_equal(got, key, sizeof(key));
			*p ^= 0x10;
		}
	af_merge(HASH_SHA256, split, sizeof(key), got);
	assert_memory_equal(got, key, sizeof(key));
}

TEST(merging_changes_its_input)
{
	uint8_t key[64];

	unit_fill(SEED_DATA, split, sizeof(split));
	memcpy(copy, split, sizeof(copy));
	af_merge(HASH_SHA512, split, sizeof(key), key);
	assert_memory_equal(split, copy, sizeof(copy));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_number_of_stripes_is_not_that_of_the_specification),
		cmocka_unit_test(merging_disagrees_with_another_implementation),
		cmocka_unit_test(what_was_split_does_not_merge),
		cmocka_unit_test(a_stripe_does_not_matter),
		cmocka_unit_test(merging_changes_its_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
