/* SPDX-License-Identifier: MIT */
/* The key of a signed policy, from PEM to a TPM's public area, and which signatures of a file are its own. */
#include "crypto/hmac.h"
#include "fake_tpm.h"
#include "format/base64.h"
#include "token/tpm2/key.h"
#include "token/tpm2/signer.h"

/* The key of the sample tpm2-262-pubkey-pcr11, and the policy digest that systemd wrote beside it. */
static const char sample_pem[] = "-----BEGIN PUBLIC KEY-----\n"
				 "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA3g5C2IyjwMcsF3Z7jJN+\n"
				 "CJIYHoPAiZqq+DnVIaTSHs3RzSDAQXYn/NZNaRjiRRuV3D2kX1dV6rtLYRayT81/\n"
				 "LGErGXtNRTUgP/GW4FVcfkjHAFWvkgR+VnKfN1zB97Z3AygKJ7ffjmLs5uMChhIe\n"
				 "OQ+8Yza3I0HInzwn8X4fK+9Y5HaIHYbbDywt9KHpTIbHUB5hiwg+BAfJMsDlGYSI\n"
				 "1wgc/QQDW9we25h0q93CUfAI/+Zb25B/err401ob392pli3/MNGIr2qvoiOC0pvX\n"
				 "JETSR78FCvxz9Utf1cOu7oLeLLeDXcflVXjBkoG9DRiI3Zyd31qPFJoOKNRulQeV\n"
				 "mQIDAQAB\n"
				 "-----END PUBLIC KEY-----\n";
static const char sample_policy[] = "ebb2ac3b6cc15d7ad9bc6ff08c927b2dc34305e1e0739b878d72788c11f6027a";
static const char sample_fingerprint[] = "34d33108357c8398916ef9a481d216932645c17d3acf7242386408d434d7bcd1";

static struct error err;
static struct signer signer;

static enum cause read_pem(const char *pem)
{
	memset(&signer, 0, sizeof(signer));
	signer.pcrs = 1u << 11;
	return signer_read((struct bytes){pem, strlen(pem)}, &signer, &err);
}

/* PolicyAuthorize from a session without anything before: part 3, 23.16. */
TEST(the_key_has_another_name_than_systemd_gave_it)
{
	uint8_t digest[TPM_DIGEST_BYTES] = {0}, name[TPM_NAME_BYTES];

	assert_int_equal(read_pem(sample_pem), CAUSE_OK);
	unit_equals_hex(signer.fingerprint, sample_fingerprint);
	key_name((struct bytes){signer.area, signer.area_len}, name);
	hmac_sha256((const struct bytes[]){{digest, 32}, {"\0\0\1\x6a", 4}, {name, sizeof(name)}}, 3, digest);
	hmac_sha256(&(struct bytes){digest, 32}, 1, digest);
	unit_equals_hex(digest, sample_policy);
}

static const char *const wrong[] = {
	"",
	"-----BEGIN PUBLIC KEY-----",
	"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
	"-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n",
	"-----BEGIN PUBLIC KEY-----\nMII\n-----END PUBLIC KEY-----\n",
	"-----BEGIN RSA PUBLIC KEY-----\nMIIB\n-----END RSA PUBLIC KEY-----\n",
};

TEST(a_text_that_is_no_key_is_taken)
{
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_not_equal(read_pem(wrong[i]), CAUSE_OK);
}

/* Each byte of the DER form's structure changed: in front of the modulus, and of the exponent. */
TEST(a_key_whose_structure_was_changed_is_taken)
{
	char pem[sizeof(sample_pem)];
	size_t taken = 0;

	for (size_t n = strlen("-----BEGIN PUBLIC KEY-----"); n < sizeof(sample_pem) - 1; n++) {
		memcpy(pem, sample_pem, n);
		pem[n] = 0;
		taken += read_pem(pem) == CAUSE_OK;
	}
	/* Without the last line end it is whole. */
	assert_int_equal(taken, 1);
	memcpy(pem, sample_pem, sizeof(pem));
	for (size_t i = 27; i < 27 + 40; i++) {
		pem[i] = pem[i] == 'A' ? 'B' : 'A';
		assert_int_not_equal(read_pem(pem), CAUSE_OK);
		pem[i] = sample_pem[i];
	}
}

#define ENTRY(pcrs, pkfp, pol, sig)                                                                          \
	"{\"pcrs\":" pcrs ",\"pkfp\":\"" pkfp "\",\"pol\":\"" pol "\",\"sig\":\"" sig "\"}"
#define FP "34d33108357c8398916ef9a481d216932645c17d3acf7242386408d434d7bcd1"
#define POL "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

TEST(a_signature_of_somebody_else_is_kept_or_an_own_one_is_not)
{
	static const char text[] = "{\"sha1\":[" ENTRY("[11]", FP, POL, "AQ==") "],\"sha256\":[" ENTRY("[12]",
		FP, POL, "AQ==") "," ENTRY("[11,12]", FP, POL, "AQ==") "," ENTRY("[11]", POL, POL,
		"AQ==") "," ENTRY("[11]", FP, "00", "AQ==") "," ENTRY("[11]", FP, POL, "A") "," ENTRY("[11]",
		FP, POL, "AQIDBA==") ",7,{}]}";
	static struct signatures found;

	assert_int_equal(read_pem(sample_pem), CAUSE_OK);
	assert_int_equal(signer_find((struct bytes){text, strlen(text)}, &signer, "sha256", &found, &err),
		CAUSE_OK);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.list[0].len, 4);
	assert_int_equal(found.list[0].policy[31], 31);
	assert_int_equal(signer_find((struct bytes){text, strlen(text)}, &signer, "sha384", &found, &err),
		CAUSE_OK);
	assert_int_equal(found.count, 0);
	assert_int_equal(signer_find((struct bytes){text, strlen(text) - 1}, &signer, "sha256", &found, &err),
		CAUSE_DAMAGED);
}

#define OK "80010000000a00000000"

TEST(a_policy_is_approved_in_other_words)
{
	static struct signatures found = {.count = 1, .list = {{.len = 2, .data = {0xaa, 0xbb}}}};
	struct tpm *tpm;

	unit_unhex(POL, found.list[0].policy);
	memset(&signer, 0, sizeof(signer));
	signer.area_len = 2;
	tpm = FAKE_TPM("80010000002c000000000020" POL, "80010000000e0000000080000007",
		"80010000001200000000"
		"8022400000010000",
		OK, OK);
	assert_int_equal(signer_authorize(tpm, 0x03000001, &signer, &found, &err), CAUSE_OK);
	fake_was_sent(1, "80010000001400000167"
			 "0000"
			 "00020000"
			 "40000001");
	/* SHA-256 of the digest that is approved */
	fake_was_sent(2, "800100000038000001778000000700"
			 "20"
			 "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"
			 "0014000b0002aabb");
	fake_was_sent(3, "80010000005e0000016a03000001"
			 "0020" POL "0000"
			 "0022000b"
			 "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
			 "8022400000010000");
	fake_was_sent(4, "80010000000e0000016580000007");
	found.list[0].policy[0] = 9;
	tpm = FAKE_TPM("80010000002c000000000020" POL);
	assert_int_equal(signer_authorize(tpm, 0x03000001, &signer, &found, &err), CAUSE_PASSPHRASE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_has_another_name_than_systemd_gave_it),
		cmocka_unit_test(a_text_that_is_no_key_is_taken),
		cmocka_unit_test(a_key_whose_structure_was_changed_is_taken),
		cmocka_unit_test(a_signature_of_somebody_else_is_kept_or_an_own_one_is_not),
		cmocka_unit_test(a_policy_is_approved_in_other_words),
	};

	return cmocka_run_group_tests_name("tpm2_signer", tests, NULL, NULL);
}
