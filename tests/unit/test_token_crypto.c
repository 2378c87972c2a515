/* SPDX-License-Identifier: MIT */
/* Tests of crypto/hmac, p256 and aes_run, which token programs have: published vectors. */
#include "unit.h"
#include "crypto/aes_run.h"
#include "crypto/hmac.h"
#include "crypto/p256.h"

TEST(sha256_of_several_runs_is_not_that_of_one)
{
	/* FIPS 180-2, B.2, in three pieces */
	struct bytes parts[] = {{"abcdbcdecdef", 12}, {"", 0},
		{"defgefghfghighijhijkijkljklmklmnlmnomnopnopq", 44}};
	uint8_t out[HMAC_BYTES];

	hmac_sha256(parts, 3, out);
	unit_equals_hex(out, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* RFC 4231, test cases 1, 2, and 6, whose key is longer than a block. */
TEST(hmac_differs_from_published_vectors)
{
	uint8_t out[HMAC_BYTES], key[131];
	struct bytes data = {"Hi There", 8};

	memset(key, 0x0b, 20);
	hmac_run((struct bytes){key, 20}, &data, 1, out);
	unit_equals_hex(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	data = (struct bytes){"what do ya want for nothing?", 28};
	hmac_run((struct bytes){"Jefe", 4}, &data, 1, out);
	unit_equals_hex(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	data = (struct bytes){"Test Using Larger Than Block-Size Key - Hash Key First", 54};
	hmac_run((struct bytes){key, sizeof(key)}, &data, 1, out);
	unit_equals_hex(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 5869, A.1 and A.3 (no salt, no info): the first 32 of their 42 bytes. */
TEST(hkdf_differs_from_published_vectors)
{
	uint8_t ikm[22], salt[13], info[10], out[HMAC_BYTES];

	memset(ikm, 0x0b, sizeof(ikm));
	unit_unhex("000102030405060708090a0b0c", salt);
	unit_unhex("f0f1f2f3f4f5f6f7f8f9", info);
	hmac_hkdf((struct bytes){ikm, sizeof(ikm)}, (struct bytes){salt, sizeof(salt)},
		(struct bytes){info, sizeof(info)}, out);
	unit_equals_hex(out, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
	hmac_hkdf((struct bytes){ikm, sizeof(ikm)}, (struct bytes){NULL, 0}, (struct bytes){NULL, 0}, out);
	unit_equals_hex(out, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

/* NIST CAVS 14.1, ECC CDH primitive, P-256, COUNT = 0 */
static const char our_scalar[] = "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534";
static const char our_x[] = "ead218590119e8876b29146ff89ca61770c4edbbf97d38ce385ed281d8a6b230";
static const char our_y[] = "28af61281fd35e2fa7002523acc85a429cb06ee6648325389f59edfce1405141";
static const char peer_x[] = "700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287";
static const char peer_y[] = "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac";

TEST(p256_differs_from_a_published_vector)
{
	struct p256_point ours, peer;
	uint8_t scalar[P256_BYTES], z[P256_BYTES];

	unit_unhex(our_scalar, scalar);
	unit_unhex(peer_x, peer.x);
	unit_unhex(peer_y, peer.y);
	assert_true(p256_public(scalar, &ours));
	unit_equals_hex(ours.x, our_x);
	unit_equals_hex(ours.y, our_y);
	assert_true(p256_shared(scalar, &peer, z));
	unit_equals_hex(z, "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b");
}

TEST(a_point_that_is_not_on_the_curve_is_taken)
{
	struct p256_point peer;
	uint8_t scalar[P256_BYTES], z[P256_BYTES];

	unit_unhex(our_scalar, scalar);
	unit_unhex(peer_x, peer.x);
	unit_unhex(peer_y, peer.y);
	peer.y[31] ^= 1;
	assert_false(p256_shared(scalar, &peer, z));
	memset(&peer, 0, sizeof(peer));
	assert_false(p256_shared(scalar, &peer, z));
	memset(&peer, 0xff, sizeof(peer));
	assert_false(p256_shared(scalar, &peer, z));
}

TEST(a_scalar_of_zero_or_of_the_order_or_more_is_taken)
{
	static const char *const wrong[] =
		{"0000000000000000000000000000000000000000000000000000000000000000",
			"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
			"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552",
			"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};
	struct p256_point out;
	uint8_t scalar[P256_BYTES];

	for (size_t i = 0; i < COUNT(wrong); i++) {
		unit_unhex(wrong[i], scalar);
		assert_false(p256_public(scalar, &out));
	}
	unit_unhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", scalar);
	assert_true(p256_public(scalar, &out));
	/* order - 1 times the base point has its x */
	unit_equals_hex(out.x, "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
}

/* SP 800-38A, F.2.5 and F.2.6: CBC-AES256, two of its blocks; F.2.1: CBC-AES128, one. */
TEST(aes_cbc_differs_from_published_vectors)
{
	uint8_t key[32], iv[16], data[32];

	unit_unhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", key);
	unit_unhex("000102030405060708090a0b0c0d0e0f", iv);
	unit_unhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51", data);
	aes_run_cbc_encrypt(key, 32, iv, data, sizeof(data));
	unit_equals_hex(data, "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d");
	aes_run_cbc_decrypt(key, 32, iv, data, sizeof(data));
	unit_equals_hex(data, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
	unit_equals_hex(iv, "000102030405060708090a0b0c0d0e0f");
	unit_unhex("2b7e151628aed2a6abf7158809cf4f3c", key);
	aes_run_cbc_encrypt(key, 16, iv, data, 16);
	unit_equals_hex(data, "7649abac8119b246cee98e9b12e9197d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_of_several_runs_is_not_that_of_one),
		cmocka_unit_test(hmac_differs_from_published_vectors),
		cmocka_unit_test(hkdf_differs_from_published_vectors),
		cmocka_unit_test(p256_differs_from_a_published_vector),
		cmocka_unit_test(a_point_that_is_not_on_the_curve_is_taken),
		cmocka_unit_test(a_scalar_of_zero_or_of_the_order_or_more_is_taken),
		cmocka_unit_test(aes_cbc_differs_from_published_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
