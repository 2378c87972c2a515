/* SPDX-License-Identifier: MIT */
/*
 * A clevis token to its passphrase, with a server that is computed here from the sample server's secret key.
 * tests/token/test_clevis.py has real servers, and wrong tokens.
 */
#include "unit.h"
#include "format/json.h"
#include "token/clevis/base64url.h"
#include "token/clevis/tang.h"

static struct pins pins;
static struct error err;

/* From tests/token/samples, NUL-terminated, in exactly as much memory. */
static char *sample(const char *name)
{
	char path[128], *text = calloc(1, 8192);
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "tests/token/samples/%s", name);
	file = fopen(path, "rb");
	if (!file || !text)
		fail_msg("%s: is not in the current directory", path);
	len = fread(text, 1, 8191, file);
	fclose(file);
	return realloc(text, len + 1);
}

static enum cause read_text(const char *text)
{
	size_t len = strlen(text);
	char *exact = unit_exact(text, len);
	enum cause cause = pins_read(exact, len, &pins, &err);

	free(exact);
	return cause;
}

static enum cause read_sample(const char *name)
{
	char *text = sample(name);
	enum cause cause = read_text(text);

	free(text);
	return cause;
}

static bool count_up(void *out, size_t len)
{
	static uint32_t seed = 77;

	unit_fill(seed++, out, len);
	return true;
}

/* What tangd does: the point of @question times the secret key. */
static size_t serve(const char *question, char answer[static TANG_BODY_BYTES])
{
	char *key = sample("tang-db/Jb-H3vKfdmYnOOL_a4C1W4Bb0oM0nunuTArQq0xh3lg.jwk");
	char x[BASE64URL_CHARS(P521_BYTES) + 4], y[sizeof(x)];
	struct p521_point asked, sum;
	uint8_t d[P521_BYTES];
	const struct json *root;

	assert_int_equal(json_open(key, strcspn(key, "\n"), &root, &err), CAUSE_OK);
	assert_true(base64url_exact(json_string(json_member(root, "d")), d, sizeof(d)));
	json_close();
	free(key);
	assert_int_equal(json_open(question, strlen(question), &root, &err), CAUSE_OK);
	assert_string_equal(json_string(json_member(root, "alg")), "ECMR");
	assert_true(pin_point(root, &asked));
	json_close();
	for (int i = P521_BYTES - 1; d[i]-- == 0; i--)
		;
	sum = asked;
	assert_true(p521_add(&sum, &asked, d));
	base64url_encode(sum.bytes + P521_X, P521_BYTES, x);
	base64url_encode(sum.bytes + P521_Y, P521_BYTES, y);
	return (size_t)snprintf(answer, TANG_BODY_BYTES,
		" {\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"%s\",\"y\":\"%s\"}\r\n", x, y);
}

static void open_tang(const struct pin *pin, uint8_t *out, size_t *len)
{
	char question[TANG_BODY_BYTES], answer[TANG_BODY_BYTES];
	uint8_t blind[P521_BYTES], key[GCM_KEY_BYTES];
	struct bytes got = {answer, 0};

	assert_true(tang_ask(pin, count_up, blind, question));
	got.len = serve(question, answer);
	assert_int_equal(tang_key(pin, blind, got, key, &err), CAUSE_OK);
	assert_true(pin_decrypt(pin, key, out, len));
	key[0] ^= 1;
	assert_false(pin_decrypt(pin, key, out, len));
	key[0] ^= 1;
	assert_true(pin_decrypt(pin, key, out, len));
}

TEST(the_sample_of_tang_is_read_wrongly)
{
	uint8_t out[PIN_SECRET_MAX_BYTES];
	char *wanted = sample("clevis19-tang.passphrase");
	size_t len;

	assert_int_equal(read_sample("clevis19-tang.json"), CAUSE_OK);
	assert_int_equal(pins.count, 1);
	assert_int_equal(pins.at[0].kind, PIN_TANG);
	assert_int_equal(pins.at[0].parent, -1);
	assert_string_equal(pins.at[0].url.text, "http://127.0.0.1:8300");
	assert_string_equal(pins.at[0].kid, "Jb-H3vKfdmYnOOL_a4C1W4Bb0oM0nunuTArQq0xh3lg");
	open_tang(&pins.at[0], out, &len);
	assert_int_equal(len, strlen(wanted));
	assert_memory_equal(out, wanted, len);
	free(wanted);
}

TEST(the_sample_of_sss_is_read_wrongly)
{
	uint8_t out[PIN_SECRET_MAX_BYTES], share[1][SHAMIR_SHARE_BYTES], key[GCM_KEY_BYTES];
	char *wanted = sample("clevis19-sss-tang.passphrase");
	size_t len;

	assert_int_equal(read_sample("clevis19-sss-tang.json"), CAUSE_OK);
	assert_int_equal(pins.count, 2);
	assert_int_equal(pins.at[0].kind, PIN_SSS);
	assert_int_equal(pins.at[0].threshold, 1);
	assert_int_equal(pins.at[1].kind, PIN_TANG);
	assert_int_equal(pins.at[1].parent, 0);
	assert_int_equal(pins.at[1].depth, 1);
	open_tang(&pins.at[1], out, &len);
	assert_int_equal(len, SHAMIR_SHARE_BYTES);
	memcpy(share[0], out, sizeof(share[0]));
	assert_true(shamir_combine(pins.at[0].prime, (const uint8_t(*)[SHAMIR_SHARE_BYTES])share, 1, key));
	assert_true(pin_decrypt(&pins.at[0], key, out, &len));
	assert_int_equal(len, strlen(wanted));
	assert_memory_equal(out, wanted, len);
	free(wanted);
}

TEST(a_token_that_is_cut_is_read)
{
	char *text = sample("clevis19-tang.json");

	for (size_t len = strlen(text) - 1; len > 0; len--) {
		char *exact = unit_exact(text, len);

		assert_int_equal(pins_read(exact, len, &pins, &err), CAUSE_DAMAGED);
		free(exact);
	}
	free(text);
}

/* The same, its header being cut at every length. */
TEST(a_header_that_is_cut_is_read)
{
	char *text = sample("clevis19-tang.json"), *at = strstr(text, "\"protected\":\"") + 13;
	size_t whole = strcspn(at, "\"");

	for (size_t len = 0; len < whole; len++) {
		char *shorter = malloc(strlen(text) + 1);

		assert_non_null(shorter);
		sprintf(shorter, "%.*s%s", (int)(at - text + (long)len), text, at + whole);
		assert_int_equal(read_text(shorter), CAUSE_DAMAGED);
		free(shorter);
	}
	free(text);
}

TEST(an_answer_that_is_no_key_is_used)
{
	static const char *const wrong[] = {"", "{", "[]", "{}", "null", "{\"kty\":\"EC\",\"crv\":\"P-521\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AA\",\"y\":\"AA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":1,\"y\":2}"};
	char question[TANG_BODY_BYTES], answer[TANG_BODY_BYTES];
	uint8_t blind[P521_BYTES], key[GCM_KEY_BYTES];
	size_t len;

	assert_int_equal(read_sample("clevis19-tang.json"), CAUSE_OK);
	assert_true(tang_ask(&pins.at[0], count_up, blind, question));
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(tang_key(&pins.at[0], blind, (struct bytes){wrong[i], strlen(wrong[i])}, key,
					 &err),
			CAUSE_DEVICE);
	len = serve(question, answer);
	for (size_t cut = 0; cut < len - 2; cut++)
		assert_int_equal(tang_key(&pins.at[0], blind, (struct bytes){answer, cut}, key, &err),
			CAUSE_DEVICE);
	answer[len - 6] = answer[len - 6] == 'A' ? 'Q' : 'A';
	assert_int_equal(tang_key(&pins.at[0], blind, (struct bytes){answer, len}, key, &err), CAUSE_DEVICE);
}

TEST(two_runs_ask_with_the_same_point)
{
	char first[TANG_BODY_BYTES], second[TANG_BODY_BYTES];
	uint8_t blind[P521_BYTES];

	assert_int_equal(read_sample("clevis19-tang.json"), CAUSE_OK);
	assert_true(tang_ask(&pins.at[0], count_up, blind, first));
	assert_true(tang_ask(&pins.at[0], count_up, blind, second));
	assert_string_not_equal(first, second);
}

TEST(base64url_is_read_wrongly)
{
	static const struct {
		const char *text;
		int len; /* -1: refused */
	} rows[] = {{"", 0}, {"AA", 1}, {"AAA", 2}, {"AAAA", 3}, {"-_-_", 3}, {"A", -1}, {"AAAAA", -1},
		{"AB", -1}, {"AAB", -1}, {"AA==", -1}, {"AAA=", -1}, {"AA=", -1}, {"++++", -1}, {"AA/A", -1},
		{"A A", -1}, {"AAAA\n", -1}, {"AAAAAAAA", -1}};
	uint8_t out[5];
	size_t len;

	for (size_t i = 0; i < COUNT(rows); i++) {
		bool ok = base64url_decode((struct bytes){rows[i].text, strlen(rows[i].text)}, out, 5, &len);

		if (ok != (rows[i].len >= 0) || (ok && len != (size_t)rows[i].len))
			fail_msg("%s", rows[i].text);
	}
	assert_false(base64url_decode((struct bytes){"AA\0A", 4}, out, 5, &len));
	assert_false(base64url_exact(NULL, out, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sample_of_tang_is_read_wrongly),
		cmocka_unit_test(the_sample_of_sss_is_read_wrongly),
		cmocka_unit_test(a_token_that_is_cut_is_read),
		cmocka_unit_test(a_header_that_is_cut_is_read),
		cmocka_unit_test(an_answer_that_is_no_key_is_used),
		cmocka_unit_test(two_runs_ask_with_the_same_point),
		cmocka_unit_test(base64url_is_read_wrongly),
	};

	return cmocka_run_group_tests_name("clevis_pin", tests, NULL, NULL);
}
