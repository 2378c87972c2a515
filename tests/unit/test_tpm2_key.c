/* SPDX-License-Identifier: MIT */
/* Storage keys, what is agreed on with their owner, and the keys of a session. */
#include "crypto/hmac.h"
#include "crypto/oaep.h"
#include "crypto/p256.h"
#include "token/tpm2/session.h"
#include "unit.h"

static struct error err;

/*
 * A P-256 storage key as swtpm makes it from the template: its public area, and the name that the TPM gave
 * it.
 */

static const char sample_area[] = "0023000b000304720000000600800043001000030010"
				  "0020d34e50002481e54d6a1e9ccad26692020204224a042a207d9aba2e0607da8c6e"
				  "002036442ec9e980f8dbc99dd19fba7cfa58f589afcfbe414b6c89d35525d28d3fc1";
static const char sample_name[] = "000b20497139ce9df188c92453e3a4916db0d71d8072674735a3f09f286810ee4d33";

static struct bytes area_of(const char *hex)
{
	static uint8_t area[1024];

	return (struct bytes){area, unit_unhex(hex, area)};
}

TEST(a_storage_key_is_read_wrongly)
{
	struct key key;

	assert_int_equal(key_read(area_of(sample_area), &key, &err), CAUSE_OK);
	assert_int_equal(key.kind, TPM_ALG_ECC);
	assert_int_equal(key.x.len, 32);
	assert_int_equal(((const uint8_t *)key.x.data)[0], 0xd3);
	assert_int_equal(((const uint8_t *)key.y.data)[31], 0xc1);
	unit_equals_hex(key.name, sample_name);
}

TEST(a_storage_key_that_is_cut_or_longer_is_taken)
{
	struct bytes whole = area_of(sample_area);
	struct key key;

	for (size_t n = 0; n < whole.len; n++) {
		uint8_t *exact = unit_exact(whole.data, n);
		enum cause cause = key_read((struct bytes){exact, n}, &key, &err);

		free(exact);
		assert_int_equal(cause, CAUSE_DAMAGED);
	}
	whole.len++;
	assert_int_equal(key_read(whole, &key, &err), CAUSE_DAMAGED);
}

static const struct other {
	size_t at;
	uint8_t value;
	const char *words;
} others[] = {
	{19, 0x04, "curve 0x4"},    /* P-384 */
	{17, 0x18, "scheme 0x18"},  /* ECDSA */
	{3, 0x0c, "hash 0xc"},      /* named by SHA-384 */
	{1, 0x25, "the kind 0x25"}, /* a symmetric cipher */
};

TEST(a_storage_key_of_another_kind_is_not_refused_by_its_number)
{
	for (size_t i = 0; i < COUNT(others); i++) {
		struct bytes area = area_of(sample_area);
		struct key key;

		((uint8_t *)(uintptr_t)area.data)[others[i].at] = others[i].value;
		assert_int_equal(key_read(area, &key, &err), CAUSE_UNSUPPORTED);
		assert_non_null(strstr(err.text, others[i].words));
	}
}

static struct bytes rsa_area(size_t modulus_bytes, unsigned bits)
{
	static uint8_t area[1024];
	struct wire_out out = {.data = area, .room = sizeof(area)};
	uint8_t modulus[600];

	unit_fill(SEED_KEY, modulus, sizeof(modulus));
	modulus[0] |= 0x80;
	modulus[modulus_bytes - 1] |= 1;
	out.len = unit_unhex("0001000b000304720000"
			     "000600800043"
			     "0010",
		area);
	wire_put_u16(&out, (uint16_t)bits);
	wire_put_u32(&out, 0);
	wire_put_sized(&out, modulus, modulus_bytes);
	return (struct bytes){area, out.len};
}

TEST(an_rsa_key_is_read_wrongly)
{
	uint8_t salt[KEY_SALT_BYTES], encrypted[KEY_ENCRYPTED_MAX_BYTES];
	struct key key;
	size_t len;

	for (size_t bytes = 128; bytes <= 512; bytes *= 2) {
		assert_int_equal(key_read(rsa_area(bytes, (unsigned)bytes * 8), &key, &err), CAUSE_OK);
		assert_int_equal(key.exponent, 65537);
		assert_int_equal(key.modulus.len, bytes);
		assert_int_equal(key_salt(&key, salt, encrypted, &len, &err), CAUSE_OK);
		assert_int_equal(len, bytes);
	}
	assert_int_equal(key_read(rsa_area(256, 1024), &key, &err), CAUSE_DAMAGED);
	assert_int_equal(key_read(rsa_area(514, 4112), &key, &err), CAUSE_DAMAGED);
	assert_int_equal(key_read(rsa_area(64, 512), &key, &err), CAUSE_OK);
	assert_int_equal(key_salt(&key, salt, encrypted, &len, &err), CAUSE_DAMAGED);
}

/* The owner's side of it: SP 800-56A's one step, written down here once more. */
TEST(the_owner_of_the_key_gets_another_salt)
{
	uint8_t scalar[P256_BYTES], salt[KEY_SALT_BYTES], want[KEY_SALT_BYTES], z[P256_BYTES];
	uint8_t encrypted[KEY_ENCRYPTED_MAX_BYTES];
	struct key key = {.kind = TPM_ALG_ECC};
	struct p256_point own, theirs;
	size_t len;

	unit_fill(SEED_KEY, scalar, sizeof(scalar));
	scalar[0] = 0;
	assert_true(p256_public(scalar, &own));
	key.x = (struct bytes){own.x, sizeof(own.x)};
	key.y = (struct bytes){own.y, sizeof(own.y)};
	assert_int_equal(key_salt(&key, salt, encrypted, &len, &err), CAUSE_OK);
	assert_int_equal(len, 2 + 32 + 2 + 32);
	assert_int_equal(encrypted[1], 32);
	memcpy(theirs.x, encrypted + 2, 32);
	memcpy(theirs.y, encrypted + 36, 32);
	assert_true(p256_shared(scalar, &theirs, z));
	hmac_sha256((const struct bytes[]){{"\0\0\0\1", 4}, {z, 32}, {"SECRET", 7}, {theirs.x, 32},
			    {own.x, 32}},
		5, want);
	assert_memory_equal(salt, want, sizeof(salt));
}

TEST(a_key_that_is_not_on_the_curve_is_used)
{
	uint8_t salt[KEY_SALT_BYTES], encrypted[KEY_ENCRYPTED_MAX_BYTES], one[P256_BYTES] = {1};
	struct key key = {.kind = TPM_ALG_ECC, .x = {one, sizeof(one)}, .y = {one, sizeof(one)}};
	size_t len;

	assert_int_equal(key_salt(&key, salt, encrypted, &len, &err), CAUSE_DAMAGED);
	key.x.len = key.y.len = 0;
	assert_int_equal(key_salt(&key, salt, encrypted, &len, &err), CAUSE_DAMAGED);
}

TEST(the_template_is_another)
{
	uint8_t area[64];
	struct wire_out out = {.data = area, .room = sizeof(area)};

	key_template(TPM_ALG_ECC, &out);
	assert_int_equal(out.len, 26);
	unit_equals_hex(area, "0023000b000300720000"
			      "0006008000430010"
			      "0003"
			      "0010"
			      "00000000");
	out.len = 0;
	key_template(TPM_ALG_RSA, &out);
	assert_int_equal(out.len, 26);
	unit_equals_hex(area, "0001000b000300720000"
			      "0006008000430010"
			      "0800"
			      "00000000"
			      "0000");
}

/* Computed with Python's hmac. */
TEST(a_key_of_a_session_comes_out_different)
{
	uint8_t key[64], u[32], out[32], ff[32];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	memset(u, 0x11, sizeof(u));
	memset(ff, 0x22, sizeof(ff));
	session_kdfa((struct bytes){key, 32}, "ATH", (struct bytes){u, 32}, (struct bytes){ff, 32}, out);
	unit_equals_hex(out, "a8679444f320a6d0a02c03cac153c458f28758eca056594e887fcefdc2d7e95b");
	memset(ff, 0xff, sizeof(ff));
	session_kdfa((struct bytes){key, 64}, "CFB", (struct bytes){key, 32}, (struct bytes){ff, 32}, out);
	unit_equals_hex(out, "046edce1dc2c95e9caaa42fbbb5992ae9470f0efc126c3ce5e725155a2f30083");
	session_kdfa((struct bytes){key, 0}, "X", (struct bytes){u, 0}, (struct bytes){u, 0}, out);
	unit_equals_hex(out, "457857b8d4ae5474e9dcda137f933bbc4da387e3b6bb03fd31b3f71fa1e345c3");
}

/* Computed with Python's integers. */
TEST(oaep_comes_out_different)
{
	uint8_t modulus[256], seed[OAEP_SEED_BYTES], message[32], out[256], hash[32];

	for (size_t i = 0; i < sizeof(modulus); i++)
		modulus[i] = (uint8_t)(i * 7 + 3);
	modulus[0] = 0xc5;
	modulus[255] = 0x0d;
	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)i;
	memset(message, 0x5a, sizeof(message));
	assert_true(oaep_encrypt((struct bytes){modulus, 256}, 65537, (struct bytes){"SECRET", 7},
		(struct bytes){message, 32}, seed, out));
	hmac_sha256(&(struct bytes){out, sizeof(out)}, 1, hash);
	unit_equals_hex(hash, "c2b56d810ad94a62cec0fb33b5fca222ecdd0d1fa19a85234bae64ccfaf59906");
	modulus[255] = 0x0c;
	assert_false(oaep_encrypt((struct bytes){modulus, 256}, 65537, (struct bytes){"SECRET", 7},
		(struct bytes){message, 32}, seed, out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_storage_key_is_read_wrongly),
		cmocka_unit_test(a_storage_key_that_is_cut_or_longer_is_taken),
		cmocka_unit_test(a_storage_key_of_another_kind_is_not_refused_by_its_number),
		cmocka_unit_test(an_rsa_key_is_read_wrongly),
		cmocka_unit_test(the_owner_of_the_key_gets_another_salt),
		cmocka_unit_test(a_key_that_is_not_on_the_curve_is_used),
		cmocka_unit_test(the_template_is_another),
		cmocka_unit_test(a_key_of_a_session_comes_out_different),
		cmocka_unit_test(oaep_comes_out_different),
	};

	return cmocka_run_group_tests_name("tpm2_key", tests, NULL, NULL);
}
