/* SPDX-License-Identifier: MIT */
/*
 * Tests of token/fido2 from the token's JSON to the passphrase, report by report.
 *
 * The conversations were computed by another implementation (tests/vectors/generate_fido2.py) from the key
 * material of the samples: every request of ours must be the same byte for byte, and the answers must give
 * the sample's passphrase.
 */
#include "unit.h"
#include "format/base64.h"
#include "token/contract.h"
#include "token/fido2/fido2.h"

enum { EXCHANGES_MAX = 8 };

struct conversation {
	const char *name, *token, *passphrase;
	uint32_t seed;
	unsigned exchanges;
	struct {
		const char *request, *answer;
	} exchange[EXCHANGES_MAX];
};

#include "../vectors/generated_fido2.h"

static const uint32_t our_channel = 0x01020304;
enum { INIT = 0x86, CBOR = 0x90, KEEPALIVE = 0xbb };

/* The key: it knows its conversation by heart. */
static struct {
	const struct conversation *talk;
	unsigned at, touches, asked;
	uint32_t seed;
	uint8_t message[2048]; /* that comes in */
	size_t len, used;
	uint8_t reports[64][HID_REPORT_BYTES]; /* that go out */
	unsigned first, last;
} key;

static void report(uint32_t channel, uint8_t command, const uint8_t *data, size_t len)
{
	uint8_t sequence = 0;
	size_t head = 7;

	do {
		uint8_t *r = key.reports[key.last++];
		size_t n = len < HID_REPORT_BYTES - head ? len : HID_REPORT_BYTES - head;

		memset(r, 0, HID_REPORT_BYTES);
		bytes_put_be32(r, channel);
		r[4] = head == 7 ? command : sequence++;
		if (head == 7) {
			r[5] = (uint8_t)(len >> 8);
			r[6] = (uint8_t)len;
		}
		memcpy(r + head, data, n);
		data += n;
		len -= n;
		head = 5;
	} while (len);
}

/* A whole message has come in. */
static void answer(uint8_t command)
{
	uint8_t bytes[2048];

	key.first = key.last = 0;
	if (command == INIT) {
		memcpy(bytes, key.message, HID_NONCE_BYTES);
		bytes_put_be32(bytes + 8, our_channel);
		memcpy(bytes + 12, "\2\1\0\0\4", 5);
		report(UINT32_MAX, INIT, bytes, 17);
		return;
	}
	assert_int_equal(command, CBOR);
	assert_true(key.at < key.talk->exchanges);
	assert_int_equal(unit_unhex(key.talk->exchange[key.at].request, bytes), key.len);
	if (memcmp(bytes, key.message, key.len))
		fail_msg("%s: request %u differs", key.talk->name, key.at);
	/* Somebody else's answer, a sign of life, a wish for a touch at the last one, and the answer. */
	report(our_channel + 1, CBOR, bytes, 100);
	report(our_channel, KEEPALIVE, (const uint8_t *)"\1", 1);
	if (key.at + 1 == key.talk->exchanges)
		report(our_channel, KEEPALIVE, (const uint8_t *)"\2", 1);
	report(our_channel, CBOR, bytes, unit_unhex(key.talk->exchange[key.at].answer, bytes));
	key.at++;
}

static bool send(void *context, const uint8_t r[HID_REPORT_BYTES])
{
	static uint8_t command;
	size_t head = r[4] & 0x80 ? 7 : 5, n;

	(void)context;
	assert_int_equal(bytes_be32(r), r[4] == INIT ? UINT32_MAX : our_channel);
	if (head == 7) {
		command = r[4];
		key.len = bytes_be16(r + 5);
		key.used = 0;
	}
	n = key.len - key.used < HID_REPORT_BYTES - head ? key.len - key.used : HID_REPORT_BYTES - head;
	memcpy(key.message + key.used, r + head, n);
	key.used += n;
	if (key.used == key.len)
		answer(command);
	return true;
}

static enum cause receive(void *context, uint8_t r[HID_REPORT_BYTES], uint64_t deadline_us)
{
	(void)context, (void)deadline_us;
	if (key.first == key.last)
		return CAUSE_RESOURCE;
	memcpy(r, key.reports[key.first++], HID_REPORT_BYTES);
	return CAUSE_OK;
}

static void touch(void *context)
{
	(void)context;
	key.touches++;
}

static bool draw(void *out, size_t len)
{
	unit_fill(key.seed++, out, len);
	return true;
}

static bool draw_nothing(void *out, size_t len)
{
	(void)out, (void)len;
	return false;
}

static enum cause give_pin(unsigned left, uint8_t *pin, size_t *len, struct error *err)
{
	(void)err;
	assert_int_equal(left, 8);
	key.asked++;
	memcpy(pin, "1234", 4);
	*len = 4;
	return CAUSE_OK;
}

static void __attribute__((format(printf, 1, 2))) hear(const char *fmt, ...)
{
	fail_msg("it says %s", fmt);
}

static const struct hid_port port = {send, receive, touch, touch, NULL};

static enum cause run(const struct conversation *talk, struct ctap_secrets *s, struct error *err)
{
	static struct fido2_token token;
	static struct ctap c;
	uint8_t pin[CONTRACT_PIN_MAX_BYTES];
	struct fido2_person person = {give_pin, hear, pin};
	enum cause cause;

	memset(&key, 0, sizeof(key));
	key.talk = talk;
	key.seed = talk->seed;
	assert_int_equal(fido2_token_read(talk->token, strlen(talk->token), &token, err), CAUSE_OK);
	cause = ctap_open(&c, &port, draw, s, err);
	return cause ? cause : fido2_run(&c, &token, &person, err);
}

TEST(a_sample_does_not_give_its_passphrase)
{
	for (size_t i = 0; i < COUNT(generated_fido2); i++) {
		const struct conversation *talk = &generated_fido2[i];
		char text[BASE64_CHARS(CTAP_SECRET_BYTES) + 1] = "";
		struct ctap_secrets s = {0};
		struct error err;

		if (run(talk, &s, &err))
			fail_msg("%s: %s", talk->name, err.text);
		base64_encode(s.output, sizeof(s.output), text);
		assert_string_equal(text, talk->passphrase);
		assert_int_equal(key.at, talk->exchanges);
		assert_int_equal(key.touches, 1);
		assert_int_equal(key.asked, strncmp(talk->name, "pin,", 4) ? 0 : 1);
	}
}

/*
 * Every answer cut at every byte: an error, never a passphrase, never a byte outside (which the sanitizers
 * see).
 */
TEST(a_cut_answer_is_taken)
{
	struct conversation cut = generated_fido2[4]; /* with PIN, protocol one */
	char hex[4096];

	assert_int_equal(strncmp(cut.name, "pin, ", 5), 0);
	for (unsigned i = 0; i < cut.exchanges; i++) {
		const char *whole = cut.exchange[i].answer;

		/* The assertion's signature is nobody's; the pre-flight is its status. */
		for (size_t n = 0; n + 2 <= strlen(whole); n += 2) {
			struct ctap_secrets s = {0};
			struct error err;

			memcpy(hex, whole, n);
			hex[n] = 0;
			cut.exchange[i].answer = hex;
			assert_int_equal(run(&cut, &s, &err), CAUSE_DEVICE);
		}
		cut.exchange[i].answer = whole;
	}
}

TEST(without_random_numbers_a_key_is_made_of_nothing)
{
	struct ctap_secrets s = {0};
	static struct ctap c;
	struct error err;

	assert_int_equal(ctap_open(&c, &port, draw_nothing, &s, &err), CAUSE_KERNEL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_does_not_give_its_passphrase),
		cmocka_unit_test(a_cut_answer_is_taken),
		cmocka_unit_test(without_random_numbers_a_key_is_made_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
