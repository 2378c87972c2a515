/* SPDX-License-Identifier: MIT */
/*
 * Commands and answers, byte for byte: headers, authorizations, policies, and what is not taken for an
 * answer.
 */
#include "fake_tpm.h"
#include "format/pcr.h"
#include "token/tpm2/lockout.h"
#include "token/tpm2/policy.h"

#define OK "80010000000a00000000"
#define RETRY "80010000000a00000922"
#define TESTING "80010000000a0000090a"
#define YIELDED "80010000000a00000908"

static struct error err;
static struct tpm_reply reply;

static const struct tpm_command plain = {"TPM2_X", .code = 0x189},
				with_password = {"TPM2_Y", 0x157, TPM_AUTH_PASSWORD, .answers_handle = true},
				with_session = {"TPM2_Z", .code = 0x15e, .auth = TPM_AUTH_SESSION};

static enum cause call_plain(struct tpm *tpm)
{
	(void)tpm_begin(tpm, &plain, 0x03000001);
	return tpm_call(tpm, &reply, &err);
}

static enum cause call_with_password(struct tpm *tpm)
{
	wire_put(tpm_begin(tpm, &with_password, 0x81000001), "abc", 3);
	return tpm_call(tpm, &reply, &err);
}

TEST(a_command_is_put_together_wrongly)
{
	struct tpm *tpm = FAKE_TPM("80010000000c000000000102");

	assert_int_equal(call_plain(tpm), CAUSE_OK);
	fake_was_sent(0, "80010000000e0000018903000001");
	assert_int_equal(reply.parameters.left, 2);
	assert_memory_equal(reply.parameters.data, "\1\2", 2);
	assert_int_equal(reply.hmac.len, 0);
}

TEST(a_command_with_a_password_is_put_together_wrongly)
{
	struct tpm *tpm = FAKE_TPM("8002000000190000000080000002000000020102000001"
				   "0000");

	assert_int_equal(call_with_password(tpm), CAUSE_OK);
	fake_was_sent(0, "80020000001e0000015781000001"
			 "00000009"
			 "40000009"
			 "0000"
			 "00"
			 "0000"
			 "616263");
	assert_int_equal(reply.handle, 0x80000002);
	assert_int_equal(reply.parameters.left, 2);
	assert_int_equal(reply.attributes, 1);
}

TEST(an_authorization_of_a_session_is_put_together_wrongly)
{
	static const uint8_t nonce[TPM_DIGEST_BYTES] = {1}, hmac[TPM_DIGEST_BYTES] = {2};
	struct tpm *tpm = FAKE_TPM("80010000000a00000101");

	tpm_put_auth(tpm_begin(tpm, &with_session, 0x80000001), 0x03000005, nonce, 0x40, hmac);
	assert_int_equal(tpm_call(tpm, &reply, &err), CAUSE_DEVICE);
	fake_was_sent(0, "80020000005b0000015e80000001"
			 "00000049"
			 "03000005"
			 "00200100000000000000000000000000000000000000000000000000000000000000"
			 "40"
			 "00200200000000000000000000000000000000000000000000000000000000000000");
	assert_int_equal(tpm->rc, 0x101);
	assert_non_null(strstr(err.text, "failure mode"));
	assert_non_null(strstr(err.text, "TPM2_Z"));
}

TEST(a_command_is_not_sent_again_as_it_was)
{
	struct tpm *tpm = FAKE_TPM(RETRY, TESTING, YIELDED, OK);

	assert_int_equal(call_plain(tpm), CAUSE_OK);
	assert_int_equal(fake.at, 4);
	assert_int_equal(fake.pauses, 3);
	for (unsigned i = 0; i < 4; i++)
		fake_was_sent(i, "80010000000e0000018903000001");
}

TEST(a_command_is_sent_again_for_ever)
{
	const char *answers[FAKE_TPM_MAX];
	struct tpm *tpm;

	for (unsigned i = 0; i < FAKE_TPM_MAX; i++)
		answers[i] = RETRY;
	tpm = fake_tpm(answers, FAKE_TPM_MAX);
	assert_int_equal(call_plain(tpm), CAUSE_DEVICE);
	assert_int_equal(tpm->rc, 0x922);
}

TEST(a_command_that_is_too_long_is_sent)
{
	static const uint8_t big[TPM_BYTES_MAX];
	struct tpm *tpm = FAKE_TPM(OK);

	wire_put(tpm_begin(tpm, &plain, 0x03000001), big, sizeof(big));
	assert_int_equal(tpm_call(tpm, &reply, &err), CAUSE_DAMAGED);
	assert_int_equal(fake.at, 0);
}

TEST(a_device_that_fails_is_not_named_with_the_command)
{
	struct tpm *tpm = FAKE_TPM(NULL);

	assert_int_equal(call_plain(tpm), CAUSE_DEVICE);
	assert_string_equal(err.text, "TPM2_X: the device fails");
}

/* The password's answer above, cut at each byte, and with other sizes. */
TEST(an_answer_that_contradicts_the_format_is_taken)
{
	static const char whole[] = "80020000001900000000800000020000000201020000010000";
	char cut[sizeof(whole)];
	static const char *const wrong[] = {
		"80010000001900000000800000020000000201020000010000", /* a tag without sessions */
		"80020000001900000000800000020000000301020000010000", /* parameters to beyond */
		"80020000001900000000800000027fffffff01020000010000", /* and beyond everything */
		"80020000001900000000800000020000000201020021010000", /* a nonce that is longer than a hash */
		"8002000000190000000080000002000000020102000001000000", /* a byte too many */
	};

	for (size_t n = 20; n + 2 < sizeof(whole); n += 2) {
		memcpy(cut, whole, n);
		cut[n] = 0;
		assert_int_equal(call_with_password(FAKE_TPM(cut)), CAUSE_DEVICE);
	}
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(call_with_password(FAKE_TPM(wrong[i])), CAUSE_DEVICE);
	assert_int_equal(call_plain(FAKE_TPM("80020000000a00000000")), CAUSE_DEVICE);
}

static const struct refused {
	const char *answer;
	enum cause cause;
	const char *words;
} refusals[] = {
	{"80010000000a00000921", CAUSE_PASSPHRASE, "locked"},
	{"80010000000a000001df", CAUSE_DEVICE, "another TPM"},
	{"80010000000a0000099d", CAUSE_PASSPHRASE, "policy"},
	{"80010000000a0000018b", CAUSE_DEVICE, "no key at the token's handle"},
	{"80010000000a00000910", CAUSE_DEVICE, "no key at the token's handle"},
	{"80010000000a00000903", CAUSE_RESOURCE, "session"},
	{"80010000000a000009a2", CAUSE_DEVICE, "password"},
	{"80010000000a0000ffff", CAUSE_DEVICE, "0xffff"},
};

TEST(a_refusal_has_another_cause_or_other_words)
{
	for (size_t i = 0; i < COUNT(refusals); i++) {
		assert_int_equal(call_plain(FAKE_TPM(refusals[i].answer)), refusals[i].cause);
		assert_non_null(strstr(err.text, refusals[i].words));
	}
}

TEST(a_flush_hides_what_was_refused_before)
{
	struct tpm *tpm = FAKE_TPM("80010000000a0000098e", OK, NULL);
	uint32_t handle = 0x80000007;

	assert_int_equal(call_plain(tpm), CAUSE_DEVICE);
	tpm_flush(tpm, &handle);
	fake_was_sent(1, "80010000000e0000016580000007");
	assert_int_equal(tpm->rc, 0x98e);
	assert_int_equal(handle, 0);
	tpm_flush(tpm, &handle);
	assert_int_equal(fake.at, 2);
}

/* PCR 0 is the lowest bit of the first byte, on every machine. */
TEST(pcrs_are_selected_in_another_order)
{
	struct tpm *tpm = FAKE_TPM(OK, OK);

	assert_int_equal(policy_pcr(tpm, 0x03000001, TPM_ALG_SHA256, 1u << 7 | 1u << 8 | 1u << 23, &err),
		CAUSE_OK);
	fake_was_sent(0, "80010000001a0000017f030000010000"
			 "00000001000b03800180");
	assert_int_equal(policy_auth_value(tpm, 0x03000001, &err), CAUSE_OK);
	fake_was_sent(1, "80010000000e0000016b03000001");
}

TEST(a_digest_of_another_size_is_taken)
{
	uint8_t digest[TPM_DIGEST_BYTES];

	assert_int_equal(
		policy_digest(FAKE_TPM("80010000002c000000000020"
				       "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
			3, digest, &err),
		CAUSE_OK);
	assert_int_equal(digest[31], 31);
	assert_int_equal(policy_digest(FAKE_TPM("80010000000c000000000000"), 3, digest, &err), CAUSE_DEVICE);
	assert_int_equal(policy_digest(FAKE_TPM("80010000000d00000000000101"), 3, digest, &err),
		CAUSE_DEVICE);
}

TEST(the_tries_that_are_left_are_counted_wrongly)
{
	struct lockout lockout;
	struct tpm *tpm = FAKE_TPM("80010000002b00000000"
				   "01"
				   "00000006"
				   "00000003"
				   "0000020e00000002"
				   "0000020f0000000a"
				   "0000021000001c20");

	assert_int_equal(lockout_read(tpm, &lockout, &err), CAUSE_OK);
	fake_was_sent(0, "8001000000160000017a000000060000020e00000003");
	assert_int_equal(lockout.failures, 2);
	assert_int_equal(lockout.left, 8);
	assert_int_equal(lockout.interval_s, 7200);
	assert_int_equal(lockout_check(&lockout, &err), CAUSE_OK);
	tpm = FAKE_TPM("80010000002b00000000"
		       "01"
		       "00000006"
		       "00000003"
		       "0000020e0000000b"
		       "0000020f0000000a"
		       "0000021000001c20");
	assert_int_equal(lockout_read(tpm, &lockout, &err), CAUSE_OK);
	assert_int_equal(lockout.left, 0);
	assert_int_equal(lockout_read(FAKE_TPM("80010000001300000000"
					       "01"
					       "00000006"
					       "00000000"),
				 &lockout, &err),
		CAUSE_DEVICE);
}

TEST(pcrs_are_listed_otherwise)
{
	char list[80], little[8];

	pcr_list(1u | 1u << 7 | 1u << 23, list, sizeof(list));
	assert_string_equal(list, "0+7+23");
	pcr_list(0xffffff, list, sizeof(list));
	assert_non_null(strstr(list, "+22+23"));
	pcr_list(0xffffff, little, sizeof(little));
	assert_string_equal(little, "0+1+2+3");
	assert_int_equal(pcr_find_bank("sha384")->number, 0x0c);
	assert_null(pcr_find_bank("SHA256"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_is_put_together_wrongly),
		cmocka_unit_test(a_command_with_a_password_is_put_together_wrongly),
		cmocka_unit_test(an_authorization_of_a_session_is_put_together_wrongly),
		cmocka_unit_test(a_command_is_not_sent_again_as_it_was),
		cmocka_unit_test(a_command_is_sent_again_for_ever),
		cmocka_unit_test(a_command_that_is_too_long_is_sent),
		cmocka_unit_test(a_device_that_fails_is_not_named_with_the_command),
		cmocka_unit_test(an_answer_that_contradicts_the_format_is_taken),
		cmocka_unit_test(a_refusal_has_another_cause_or_other_words),
		cmocka_unit_test(a_flush_hides_what_was_refused_before),
		cmocka_unit_test(pcrs_are_selected_in_another_order),
		cmocka_unit_test(a_digest_of_another_size_is_taken),
		cmocka_unit_test(the_tries_that_are_left_are_counted_wrongly),
		cmocka_unit_test(pcrs_are_listed_otherwise),
	};

	return cmocka_run_group_tests_name("tpm2_tpm", tests, NULL, NULL);
}
