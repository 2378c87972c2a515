/* SPDX-License-Identifier: MIT */
/* Tests of crypto/kdf and crypto/argon2_derive: the right key from each function. */
#include "unit.h"
#include "base/machine.h"
#include "crypto/kdf.h"
#include "crypto/pbkdf2_team.h"
#include <argon2.h>
#include <sched.h>
#include "../vectors/published_argon2.h"

struct argon2_shape {
	enum kdf_kind kind;
	uint32_t password_bytes, salt_bytes, passes, memory_kib, lanes;
	const char *key;
};

#include "../vectors/generated_argon2.h"

static void assert_derives(const struct kdf *kdf, struct bytes secret, const char *key)
{
	size_t n = strlen(key) / 2;
	uint8_t out[128];
	struct error err;

	memset(out, '#', sizeof(out));
	assert_int_equal(kdf_derive(kdf, secret, out, n, &err), CAUSE_OK);
	unit_equals_hex(out, key);
	assert_int_equal(unit_others(out + n, '#', sizeof(out) - n), 0);
}

TEST(a_function_is_called_by_another_name)
{
	assert_string_equal(kdf_name(KDF_PBKDF2), "pbkdf2");
	assert_string_equal(kdf_name(KDF_ARGON2I), "argon2i");
	assert_string_equal(kdf_name(KDF_ARGON2ID), "argon2id");
}

/*
 * The library with its own fill_segment, which other tests compare ours with; LUKS has neither key nor data.
 */
static void assert_rfc9106(argon2_type type, const char *tag)
{
	uint8_t out[32], password[32], salt[16], secret[8], data[12];
	argon2_context ctx = {.out = out,
		.outlen = sizeof(out),
		.pwd = password,
		.pwdlen = sizeof(password),
		.salt = salt,
		.saltlen = sizeof(salt),
		.secret = secret,
		.secretlen = sizeof(secret),
		.ad = data,
		.adlen = sizeof(data),
		.t_cost = 3,
		.m_cost = 32,
		.lanes = 4,
		.threads = 1,
		.version = ARGON2_VERSION_13,
		.flags = ARGON2_DEFAULT_FLAGS};

	memset(password, 1, sizeof(password));
	memset(salt, 2, sizeof(salt));
	memset(secret, 3, sizeof(secret));
	memset(data, 4, sizeof(data));
	assert_int_equal(argon2_ctx(&ctx, type), ARGON2_OK);
	unit_equals_hex(out, tag);
}

TEST(what_ours_is_compared_with_is_wrong_itself)
{
	assert_rfc9106(Argon2_i, ARGON2I_RFC9106);
	assert_rfc9106(Argon2_id, ARGON2ID_RFC9106);
}

TEST(a_published_argon2_key_comes_out_different)
{
	for (size_t i = 0; i < COUNT(published_argon2); i++) {
		const struct argon2_published *v = &published_argon2[i];
		struct kdf kdf = {.kind = v->kind,
			.iterations = v->passes,
			.memory_kib = v->memory_kib,
			.lanes = v->lanes,
			.salt_bytes = 8,
			.salt = "somesalt"};

		assert_derives(&kdf, (struct bytes){"password", 8}, v->key);
	}
}

TEST(argon2_disagrees_with_another_implementation)
{
	uint8_t password[512];

	unit_fill(SEED_PASSWORD, password, sizeof(password));
	for (size_t i = 0; i < COUNT(generated_argon2); i++) {
		const struct argon2_shape *v = &generated_argon2[i];
		struct kdf kdf = {.kind = v->kind,
			.iterations = v->passes,
			.memory_kib = v->memory_kib,
			.lanes = v->lanes,
			.salt_bytes = v->salt_bytes};

		unit_fill(SEED_SALT, kdf.salt, sizeof(kdf.salt));
		assert_derives(&kdf, (struct bytes){password, v->password_bytes}, v->key);
	}
}

TEST(pbkdf2_takes_another_hash_or_the_whole_salt_buffer)
{
	for (int h = 0; h < HASH_COUNT; h++) {
		struct kdf kdf = {.kind = KDF_PBKDF2,
			.hash = (enum hash)h,
			.iterations = 7,
			.salt_bytes = 24};
		uint8_t want[64], got[64];
		struct error err;

		unit_fill(SEED_SALT, kdf.salt, sizeof(kdf.salt));
		hash_pbkdf2(&(struct pbkdf2){(enum hash)h, {"secret", 6}, {kdf.salt, 24}, 7}, want,
			sizeof(want));
		assert_int_equal(kdf_derive(&kdf, (struct bytes){"secret", 6}, got, sizeof(got), &err),
			CAUSE_OK);
		assert_memory_equal(got, want, sizeof(want));
	}
}

/* Long enough for threads; every length of key up to the longest, on the processors there are and on one. */
TEST(a_key_whose_blocks_are_shared_by_threads_comes_out_different)
{
	static const uint8_t salt[32] = {9, 8, 7};
	cpu_set_t before, one;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&one);
	for (int cpu = CPU_SETSIZE; cpu--;)
		if (CPU_ISSET(cpu, &before)) {
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
		}
	for (int h = 0; h < HASH_COUNT; h++) {
		const struct pbkdf2 p = {(enum hash)h, {"secret", 6}, {salt, sizeof(salt)}, 1 << 14};
		uint8_t want[128], got[128];

		hash_pbkdf2(&p, want, sizeof(want));
		for (size_t bytes = 16; bytes <= sizeof(got); bytes += 16) {
			memset(got, 0, sizeof(got));
			pbkdf2_team_derive(&p, got, bytes, NULL);
			assert_memory_equal(got, want, bytes);
		}
		assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
		assert_int_equal(pbkdf2_team_share(p.hash, p.iterations, 64), 64);
		pbkdf2_team_derive(&p, got, sizeof(got), NULL);
		assert_memory_equal(got, want, sizeof(got));
		assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	}
}

TEST(threads_share_what_one_of_them_does_as_quickly)
{
	assert_int_equal(pbkdf2_team_share(HASH_SHA512, 1 << 20, 64), 64);
	assert_int_equal(pbkdf2_team_share(HASH_SHA256, 1000, 64), 64);
	if (machine_processors() == 2) {
		assert_int_equal(pbkdf2_team_share(HASH_SHA256, 1 << 20, 64), 32);
		assert_int_equal(pbkdf2_team_share(HASH_SHA384, 1 << 20, 64), 48);
	}
}

TEST(the_callers_secret_is_changed)
{
	struct kdf kdf = {.kind = KDF_ARGON2ID,
		.iterations = 1,
		.memory_kib = 8,
		.lanes = 1,
		.salt_bytes = 16};
	uint8_t secret[40], copy[40], out[32];
	struct error err;

	unit_fill(SEED_PASSWORD, secret, sizeof(secret));
	memcpy(copy, secret, sizeof(copy));
	assert_int_equal(kdf_derive(&kdf, (struct bytes){secret, sizeof(secret)}, out, sizeof(out), &err),
		CAUSE_OK);
	assert_memory_equal(secret, copy, sizeof(copy));
	kdf.kind = KDF_PBKDF2;
	assert_int_equal(kdf_derive(&kdf, (struct bytes){secret, sizeof(secret)}, out, sizeof(out), &err),
		CAUSE_OK);
	assert_memory_equal(secret, copy, sizeof(copy));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_is_called_by_another_name),
		cmocka_unit_test(what_ours_is_compared_with_is_wrong_itself),
		cmocka_unit_test(a_published_argon2_key_comes_out_different),
		cmocka_unit_test(argon2_disagrees_with_another_implementation),
		cmocka_unit_test(pbkdf2_takes_another_hash_or_the_whole_salt_buffer),
		cmocka_unit_test(a_key_whose_blocks_are_shared_by_threads_comes_out_different),
		cmocka_unit_test(threads_share_what_one_of_them_does_as_quickly),
		cmocka_unit_test(the_callers_secret_is_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
