/* SPDX-License-Identifier: MIT */
/*
 * A token's JSON to numbers, and what is made of a PIN. tests/token/test_tpm2.py has whole tokens, and wrong
 * ones.
 */
#include "token/tpm2/pin.h"
#include "unit.h"

static struct token token;
static struct measurement measured;
static struct error err;

/*
 * Two empty-looking buffers that are none: TPM2B_PRIVATE of 2 bytes, TPMT_PUBLIC of a keyed hash named by
 * SHA-256.
 */
#define BLOB "AALu7gAEAAgACw=="
#define HASH "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1E1F"
#define TOKEN(members)                                                                                       \
	TOKEN_PREFIX "{\"type\":\"systemd-tpm2\",\"keyslots\":[\"1\"]," members "}" TOKEN_SUFFIX
#define BARE "\"tpm2-blob\":\"" BLOB "\",\"tpm2-policy-hash\":\"" HASH "\""

static enum cause read_text(const char *text)
{
	size_t len = strlen(text);
	char *exact = unit_exact(text, len);
	enum cause cause = token_read(exact, len, &token, &measured, &err);

	free(exact);
	return cause;
}

TEST(a_token_is_read_wrongly)
{
	assert_int_equal(
		read_text(TOKEN(BARE
			",\"tpm2-pcrs\":[0,7,23],\"tpm2-pcr-bank\":\"sha384\",\"tpm2-primary-alg\":\"rsa\"")),
		CAUSE_OK);
	assert_int_equal(token.blob_count, 1);
	assert_int_equal(token.blobs[0].private.len, 2);
	assert_int_equal(token.blobs[0].public.len, 4);
	assert_int_equal(token.blobs[0].seed.len, 0);
	assert_int_equal(token.blobs[0].policy[1], 1);
	assert_int_equal(token.blobs[0].policy[31], 0x1f);
	assert_int_equal(token.pcrs, 0x800081);
	assert_int_equal(token.bank, 0x0c);
	assert_int_equal(token.primary, TPM_ALG_RSA);
	assert_int_equal(token.srk_handle, 0);
	assert_int_equal(token.pin, TOKEN_PIN_NONE);
}

TEST(shares_are_read_wrongly)
{
	assert_int_equal(read_text(TOKEN(
				 "\"tpm2-blob\":[\"" BLOB "\",\"" BLOB "\"],\"tpm2-policy-hash\":[\"" HASH
				 "\",\"" HASH "\"],\"tpm2-pcrs\":[]")),
		CAUSE_OK);
	assert_int_equal(token.blob_count, 2);
	assert_int_equal(token.blobs[1].private.len, 2);
	assert_int_equal(token.blobs[1].policy[2], 2);
}

TEST(a_pin_is_read_wrongly)
{
	assert_int_equal(read_text(TOKEN(BARE ",\"tpm2-pcrs\":[],\"tpm2-pin\":true")), CAUSE_OK);
	assert_int_equal(token.pin, TOKEN_PIN_DIRECT);
	assert_int_equal(read_text(TOKEN(BARE ",\"tpm2-pcrs\":[],\"tpm2-pin\":true,\"tpm2_salt\":\"AQID\"")),
		CAUSE_OK);
	assert_int_equal(token.pin, TOKEN_PIN_PBKDF2);
	assert_int_equal(token.salt_bytes, 3);
	assert_int_equal(read_text(TOKEN(BARE ",\"tpm2-pcrs\":[],\"tpm2-pin\":true,\"tpm2_salt\":\"AQID\","
					      "\"tpm2_argon2id_memcost\":33555000,"
					      "\"tpm2_argon2id_iterations\":4,\"tpm2_argon2id_lanes\":2")),
		CAUSE_OK);
	assert_int_equal(token.pin, TOKEN_PIN_ARGON2ID);
	assert_int_equal(token.argon2id.memory_kib, 32768);
	assert_int_equal(token.argon2id.lanes, 2);
	assert_int_equal(token.argon2id.salt_bytes, 3);
}

/* It closes the member that it stands in, or follows it. */
TEST(a_token_that_is_more_than_one_object_is_taken)
{
	assert_int_equal(read_text(TOKEN_PREFIX "[1]" TOKEN_SUFFIX), CAUSE_DAMAGED);
	assert_int_equal(read_text(TOKEN_PREFIX "{},\"tokens\":{}" TOKEN_SUFFIX), CAUSE_DAMAGED);
	assert_int_equal(read_text(TOKEN_PREFIX "{\"type\":\"systemd-tpm2\"," BARE
						",\"tpm2-pcrs\":[]},\"x\":{}" TOKEN_SUFFIX),
		CAUSE_DAMAGED);
}

static const char *const damaged[] = {
	TOKEN("\"tpm2-pcrs\":[]"),
	TOKEN(BARE),
	TOKEN(BARE ",\"tpm2-pcrs\":[24]"),
	TOKEN(BARE ",\"tpm2-pcrs\":{}"),
	TOKEN(BARE ",\"tpm2-pcrs\":[],\"tpm2_salt\":\"" BLOB BLOB "\""),
	TOKEN("\"tpm2-blob\":\"AALu7gAEAAgAC7==\",\"tpm2-policy-hash\":\"" HASH "\",\"tpm2-pcrs\":[]"),
	TOKEN("\"tpm2-blob\":\"AALu7gAEAAEACw==\",\"tpm2-policy-hash\":\"" HASH "\",\"tpm2-pcrs\":[]"),
	TOKEN("\"tpm2-blob\":\"AALu7gAFAAgACw==\",\"tpm2-policy-hash\":\"" HASH "\",\"tpm2-pcrs\":[]"),
	TOKEN("\"tpm2-blob\":\"" BLOB "\",\"tpm2-policy-hash\":\"" HASH "0\",\"tpm2-pcrs\":[]"),
	TOKEN("\"tpm2-blob\":\"" BLOB "\",\"tpm2-policy-hash\":\"g" HASH "\",\"tpm2-pcrs\":[]"),
};

TEST(a_token_that_contradicts_the_format_is_taken)
{
	for (size_t i = 0; i < COUNT(damaged); i++)
		if (read_text(damaged[i]) != CAUSE_DAMAGED)
			fail_msg("taken: %s", damaged[i]);
}

/* What Python's hashlib makes of the PIN 1234, as systemd does. */
TEST(a_pin_becomes_something_else)
{
	static const struct bytes pin = {"1234", 4};
	uint8_t auth[TPM_DIGEST_BYTES], lock[PIN_LOCK_BYTES];
	size_t len;

	token = (struct token){.pin = TOKEN_PIN_DIRECT};
	assert_int_equal(pin_auth(&token, pin, auth, &len, lock, &err), CAUSE_OK);
	assert_int_equal(len, 32);
	unit_equals_hex(auth, "03ac674216f3e15c761ee1a5e255f067953623c8b388b4459e13f978d7c846f4");
	token = (struct token){.pin = TOKEN_PIN_PBKDF2, .salt_bytes = 32};
	memset(token.salt, 's', 32);
	assert_int_equal(pin_auth(&token, pin, auth, &len, lock, &err), CAUSE_OK);
	unit_equals_hex(auth, "f87446d68763326751d1df85aeb4bf126b1646e9837056327cb0a48d0c710aad");
	token = (struct token){.pin = TOKEN_PIN_DIRECT};
	assert_int_equal(pin_auth(&token, (struct bytes){"403", 3}, auth, &len, lock, &err), CAUSE_OK);
	assert_int_equal(len, 31);
	token = (struct token){.pin = TOKEN_PIN_NONE};
	assert_int_equal(pin_auth(&token, pin, auth, &len, lock, &err), CAUSE_OK);
	assert_int_equal(len, 0);
}

/* The sample tpm2-262-pin-argon2id: its parameters, and Python's hkdf of a secret of zeros. */
TEST(argon2id_and_its_lock_come_out_different)
{
	static const uint8_t secret[32];
	uint8_t auth[TPM_DIGEST_BYTES], lock[PIN_LOCK_BYTES];
	char passphrase[PIN_PASSPHRASE_MAX_BYTES];
	size_t len;

	token = (struct token){.pin = TOKEN_PIN_ARGON2ID,
		.argon2id = {.kind = KDF_ARGON2ID,
			.iterations = 1,
			.memory_kib = 32,
			.lanes = 2,
			.salt_bytes = 8,
			.salt = "somesalt"}};
	assert_int_equal(pin_auth(&token, (struct bytes){"1234", 4}, auth, &len, lock, &err), CAUSE_OK);
	unit_equals_hex(auth, "fe7c8a41ec6b4bb963c181b5ed451d20ecd8d6f43551e1ee28cd4c98b7eb149a");
	unit_equals_hex(lock, "770dd6279665c07b47cd6f0fb7f72d9f795322b3bc833daa0a22e079738b38a9");
	assert_int_equal(pin_passphrase(&token, (struct bytes){secret, 32}, lock, passphrase), 44);
	assert_memory_equal(passphrase, "FE325BpszhRJI0KlSZqqZsbYqF3M+CrR0MwQw7zogwY=", 44);
}

TEST(argon2id_beyond_the_limits_is_computed)
{
	token = (struct token){.pin = TOKEN_PIN_ARGON2ID,
		.argon2id = {.kind = KDF_ARGON2ID, .iterations = 4, .memory_kib = 32 << 10, .lanes = 2}};
	assert_int_equal(pin_check(&token, UINT64_MAX, &err), CAUSE_OK);
	assert_int_equal(pin_check(&token, 33 << 10, &err), CAUSE_RESOURCE);
	assert_non_null(strstr(err.text, "32 MiB"));
	assert_int_equal(pin_check(&token, 40 << 10, &err), CAUSE_OK);
	token.argon2id.lanes = 5;
	assert_int_equal(pin_check(&token, UINT64_MAX, &err), CAUSE_UNSUPPORTED);
	token.argon2id.lanes = 2;
	token.argon2id.iterations = UINT32_MAX;
	assert_int_equal(pin_check(&token, UINT64_MAX, &err), CAUSE_UNSUPPORTED);
	token.pin = TOKEN_PIN_PBKDF2;
	assert_int_equal(pin_check(&token, 1, &err), CAUSE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_read_wrongly),
		cmocka_unit_test(shares_are_read_wrongly),
		cmocka_unit_test(a_pin_is_read_wrongly),
		cmocka_unit_test(a_token_that_is_more_than_one_object_is_taken),
		cmocka_unit_test(a_token_that_contradicts_the_format_is_taken),
		cmocka_unit_test(a_pin_becomes_something_else),
		cmocka_unit_test(argon2id_and_its_lock_come_out_different),
		cmocka_unit_test(argon2id_beyond_the_limits_is_computed),
	};

	return cmocka_run_group_tests_name("tpm2_token", tests, NULL, NULL);
}
