/* SPDX-License-Identifier: MIT */
/* Tests of crypto/p521, crypto/gcm and the shares of sss: published vectors, and the identities of tang. */
#include "unit.h"
#include "crypto/gcm.h"
#include "crypto/p521.h"
#include "token/clevis/shamir.h"

/* NIST CAVS 14.1, ECC CDH primitive, P-521, COUNT = 0 */
static const char scalar_hex[] =
	"017eecc07ab4b329068fba65e56a1f8890aa935e57134ae0ffcce802735151f4eac6564f6ee9"
	"974c5e6887a1fefee5743ae2241bfeb95d5ce31ddcb6f9edb4d6fc47";
static const char our_point[] = "0400602f9d0cf9e526b29e22381c203c48a886c2b0673033366314f1ffbcba240ba42f4ef38a"
				"76174635f91e6b4ed34275eb01c8467d05ca80315bf1a7bbd945f550a5"
				"01b7c85f26f5d4b2d7355cf6b02117659943762b6d1db5ab4f1dbc44ce7b2946eb6c7de34296"
				"2893fd387d1b73d7a8672d1f236961170b7eb3579953ee5cdc88cd2d";
static const char peer_point[] =
	"0400685a48e86c79f0f0875f7bc18d25eb5fc8c0b07e5da4f4370f3a9490340854334b1e1b8"
	"7fa395464c60626124a4e70d0f785601d37c09870ebf176666877a2046d"
	"01ba52c56fc8776d9e8f5db4f0cc27636d0b741bbe05400697942e80b739884a83bde99e0f67"
	"16939e632bc8986fa18dccd443a348b6c3e522497955a4f3c302f676";
static const char shared[] =
	"005fc70477c3e63bc3954bd0df3ea0d1f41ee21746ed95fc5e1fdf90930d5e136672d72cc770742d"
	"1711c3c3a4c334a0ad9759436a4d3c5bf6e74b9578fac148c831";
/* FIPS 186-4, D.1.2.5 */
static const char order[] = "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f"
			    "966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409";
static const char generator[] = "0400c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e"
				"77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66"
				"011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee7299"
				"5ef42640c550b9013fad0761353c7086a272c24088be94769fd16650";

static struct p521_point point_of(const char *hex)
{
	struct p521_point p;

	assert_int_equal(unit_unhex(hex, p.bytes), sizeof(p.bytes));
	return p;
}

/* @scalar times @point: p521_add takes what is there once more. */
static struct p521_point times(const struct p521_point *point, const uint8_t scalar[P521_BYTES])
{
	struct p521_point sum = *point;
	uint8_t less[P521_BYTES];

	memcpy(less, scalar, sizeof(less));
	for (int i = P521_BYTES - 1; less[i]-- == 0; i--)
		;
	assert_true(p521_add(&sum, point, less));
	return sum;
}

TEST(p521_differs_from_a_published_vector)
{
	struct p521_point g = point_of(generator), peer = point_of(peer_point), sum = g;
	uint8_t scalar[P521_BYTES];

	unit_unhex(scalar_hex, scalar);
	g = times(&g, scalar);
	unit_equals_hex(g.bytes, our_point);
	peer = times(&peer, scalar);
	unit_equals_hex(peer.bytes + P521_X, shared);
	scalar[P521_BYTES - 1]--;
	assert_true(p521_add(&sum, NULL, scalar));
	unit_equals_hex(sum.bytes, our_point);
}

/* X = C + eG, Y = sX, K = Y - eS: the same as c times S, whatever e is. */
TEST(the_blinding_does_not_come_off)
{
	struct p521_point g = point_of(generator), client, server, asked, answer, wanted;
	uint8_t c[P521_BYTES], s[P521_BYTES], e[P521_BYTES], minus[P521_BYTES];

	for (uint32_t seed = 0; seed < 3; seed++) {
		unit_fill(3 * seed, c, sizeof(c));
		unit_fill(3 * seed + 1, s, sizeof(s));
		unit_fill(3 * seed + 2, e, sizeof(e));
		assert_true(p521_scalar(c) && p521_scalar(s) && p521_scalar(e));
		client = times(&g, c);
		server = times(&g, s);
		wanted = times(&server, c);
		asked = client;
		assert_true(p521_add(&asked, NULL, e));
		assert_memory_not_equal(asked.bytes, client.bytes, sizeof(asked.bytes));
		answer = times(&asked, s);
		p521_negate(e, minus);
		assert_true(p521_add(&answer, &server, minus));
		assert_memory_equal(answer.bytes, wanted.bytes, sizeof(wanted.bytes));
	}
}

TEST(a_point_that_is_not_on_the_curve_is_added)
{
	struct p521_point g = point_of(generator), bad = g, zero = {{4}};
	uint8_t one[P521_BYTES] = {[P521_BYTES - 1] = 1};

	bad.bytes[P521_POINT_BYTES - 1] ^= 1;
	assert_false(p521_add(&bad, &g, one));
	bad = g;
	assert_false(p521_add(&bad, &zero, one));
	assert_false(p521_add(&zero, &g, one));
	bad = g;
	bad.bytes[0] = 0; /* the point at infinity, or one that is compressed */
	assert_false(p521_add(&bad, &g, one));
	bad = g;
	memset(bad.bytes + P521_X, 0xff, P521_BYTES);
	assert_false(p521_add(&bad, &g, one));
}

TEST(a_sum_without_coordinates_is_given)
{
	struct p521_point g = point_of(generator), sum = g;
	uint8_t one[P521_BYTES] = {[P521_BYTES - 1] = 1}, minus[P521_BYTES];

	p521_negate(one, minus);
	assert_false(p521_add(&sum, NULL, minus));
	sum = g;
	assert_true(p521_add(&sum, NULL, one)); /* twice the same */
}

TEST(a_number_that_is_no_scalar_is_taken)
{
	uint8_t n[P521_BYTES] = {0};

	assert_false(p521_scalar(n));
	n[P521_BYTES - 1] = 1;
	assert_true(p521_scalar(n));
	unit_unhex(order, n);
	assert_false(p521_scalar(n));
	n[P521_BYTES - 1]++;
	assert_false(p521_scalar(n));
	n[P521_BYTES - 1] -= 2;
	assert_true(p521_scalar(n));
	memset(n, 0xff, sizeof(n));
	assert_false(p521_scalar(n));
	unit_unhex(scalar_hex, n);
	n[0] |= 0xfe; /* bits that there are not */
	assert_true(p521_scalar(n));
	unit_equals_hex(n, scalar_hex);
}

/* McGrew and Viega, The Galois/Counter Mode of Operation, test cases 13 and 16 */
TEST(gcm_differs_from_published_vectors)
{
	uint8_t key[GCM_KEY_BYTES] = {0}, iv[GCM_IV_BYTES] = {0}, tag[GCM_TAG_BYTES], data[64], aad[20];
	struct bytes none = {NULL, 0}, more = {aad, sizeof(aad)};
	size_t len;

	unit_unhex("530f8afbc74536b9a963b4f1c4cb738b", tag);
	assert_true(gcm_decrypt(key, iv, none, data, 0, tag));
	unit_unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", key);
	unit_unhex("cafebabefacedbaddecaf888", iv);
	unit_unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2", aad);
	unit_unhex("76fc6ece0f4e1768cddf8853bb2d551b", tag);
	len = unit_unhex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
			 "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
		data);
	for (int wrong = 0; wrong < 5; wrong++) {
		uint8_t *at = wrong == 0 ? tag : wrong == 1 ? tag + 15 : wrong == 2 ? aad + 19 : data + 59;
		uint8_t before[64];

		at = wrong == 4 ? iv : at;
		*at ^= 1;
		memcpy(before, data, len);
		assert_false(gcm_decrypt(key, iv, more, data, len, tag));
		assert_memory_equal(data, before, len);
		*at ^= 1;
	}
	assert_false(gcm_decrypt(key, iv, (struct bytes){aad, 19}, data, len, tag));
	assert_false(gcm_decrypt(key, iv, more, data, len - 1, tag));
	assert_true(gcm_decrypt(key, iv, more, data, len, tag));
	unit_equals_hex(data, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
			      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
}

/* Three points of a polynomial of degree 2 over the order of P-256, from a program in Python. */
static const char prime_hex[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const char *const points[] = {
	"a170b33839263059f28c105d1fb17c2390c192cfd3ac94af0f21ddb66cad4a27"
	"073304fa0381f03eec4a5250e2172583245466d6a3bbe3acf1f0be5b9be210a6",
	"0cb1e29c658cda1495e60af593bd04cf0fd630f1f29d0da9953f48f1a09f76b6"
	"32001943a16a2d791485c8104e1fb9f85ee7ffaad81a4d1364413d768a78824f",
	"6b4cb2424a23d5962217beaddbc496cb8e81973e0becd7b03898d190f9ebdacd"
	"de304eca0af9e94d318707323997e903313eee9eedcaf0121228ad7107c6c4e1",
};
static uint8_t prime[SHAMIR_BYTES], shares[3][SHAMIR_SHARE_BYTES], secret[SHAMIR_BYTES];

static bool combine(unsigned count)
{
	return shamir_combine(prime, (const uint8_t(*)[SHAMIR_SHARE_BYTES])shares, count, secret);
}

static void load_points(int first, int second, int third)
{
	unit_unhex(prime_hex, prime);
	unit_unhex(points[first], shares[0]);
	unit_unhex(points[second], shares[1]);
	unit_unhex(points[third], shares[2]);
}

TEST(shares_are_combined_wrongly)
{
	static const char wanted[] = "d23f0824128b2f330c5c7fd0a6a3a4506513270e269e0d37f2a74de452e6b438";

	load_points(0, 1, 2);
	assert_true(combine(3));
	unit_equals_hex(secret, wanted);
	load_points(2, 0, 1);
	assert_true(combine(3));
	unit_equals_hex(secret, wanted);
	/* A polynomial of degree 0 */
	assert_true(combine(1));
	assert_memory_equal(secret, shares[0] + SHAMIR_BYTES, SHAMIR_BYTES);
	assert_true(combine(2));
}

TEST(shares_of_no_polynomial_are_combined)
{
	load_points(0, 1, 1);
	assert_false(combine(3)); /* an x twice */
	load_points(0, 1, 2);
	memset(shares[1], 0, SHAMIR_BYTES);
	assert_false(combine(3)); /* the secret itself */
	for (int half = 0; half < 2; half++) {
		load_points(0, 1, 2);
		memcpy(shares[2] + half * SHAMIR_BYTES, prime, SHAMIR_BYTES);
		assert_false(combine(3)); /* not below the prime */
	}
	load_points(0, 1, 2);
	assert_false(combine(0));
	prime[SHAMIR_BYTES - 1] ^= 1;
	assert_false(combine(3)); /* even */
	load_points(0, 1, 2);
	prime[0] = 0x7f;
	assert_false(combine(3)); /* shorter */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p521_differs_from_a_published_vector),
		cmocka_unit_test(the_blinding_does_not_come_off),
		cmocka_unit_test(a_point_that_is_not_on_the_curve_is_added),
		cmocka_unit_test(a_sum_without_coordinates_is_given),
		cmocka_unit_test(a_number_that_is_no_scalar_is_taken),
		cmocka_unit_test(gcm_differs_from_published_vectors),
		cmocka_unit_test(shares_are_combined_wrongly),
		cmocka_unit_test(shares_of_no_polynomial_are_combined),
	};

	return cmocka_run_group_tests_name("clevis_crypto", tests, NULL, NULL);
}
