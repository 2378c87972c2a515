/* SPDX-License-Identifier: MIT */
/*
 * A security key that answers anything: raw reports, or messages whose CBOR is anything behind proper
 * reports. Whatever it is, the run ends with a cause and a sentence, every report of ours is whole, and no
 * secret comes of nothing.
 */
#include "fuzz.h"
#include "base/text.h"
#include "token/contract.h"
#include "token/fido2/fido2.h"

enum { INIT = 0x86, CBOR = 0x90, QUEUE = 48 };

static struct fuzz_input in;
static uint8_t queue[QUEUE][HID_REPORT_BYTES], nonce[HID_NONCE_BYTES];
static unsigned first, last, draws;
static uint32_t channel;

static void enqueue(uint8_t command, const uint8_t *data, size_t len)
{
	size_t head = 7;

	for (uint8_t sequence = 0; last < QUEUE && (len || head == 7); head = 5) {
		uint8_t *r = queue[last++];
		size_t n = len < HID_REPORT_BYTES - head ? len : HID_REPORT_BYTES - head;

		memset(r, 0, HID_REPORT_BYTES);
		bytes_put_be32(r, channel);
		r[4] = head == 7 ? command : sequence++;
		r[5] = head == 7 ? (uint8_t)(len >> 8) : 0;
		r[6] = head == 7 ? (uint8_t)len : 0;
		memcpy(r + head, data, n);
		data += n;
		len -= n;
	}
}

static bool send(void *context, const uint8_t r[HID_REPORT_BYTES])
{
	(void)context;
	fuzz_check(bytes_be32(r) == (r[4] == INIT ? UINT32_MAX : channel), "a report on a channel of nobody");
	if (r[4] == INIT)
		memcpy(nonce, r + 7, sizeof(nonce));
	return true;
}

/* The next piece of the input. */
static void produce(void)
{
	uint8_t kind = fuzz_byte(&in), message[2600];
	size_t len = (size_t)fuzz_number(&in, 2) % sizeof(message), have = in.size < len ? in.size : len;

	first = last = 0;
	if (kind & 1) { /* a report as it stands in the input, on our channel or not */
		bytes_put_be32(queue[0], channel ^ (kind >> 7));
		for (size_t i = 4; i < HID_REPORT_BYTES; i++)
			queue[0][i] = fuzz_byte(&in);
		last = 1;
		return;
	}
	memcpy(message, in.data, have);
	in.data += have;
	in.size -= have;
	enqueue(kind & 2 ? (uint8_t)(0x80 | kind) : CBOR, message, have);
}

static enum cause receive(void *context, uint8_t r[HID_REPORT_BYTES], uint64_t deadline_us)
{
	(void)context, (void)deadline_us;
	if (first == last && channel == UINT32_MAX) {
		uint8_t answer[17] = {0};

		memcpy(answer, nonce, sizeof(nonce));
		answer[11] = 7;
		answer[16] = 4;
		enqueue(INIT, answer, sizeof(answer));
		channel = 7;
	} else if (first == last) {
		if (!in.size)
			return CAUSE_RESOURCE;
		produce();
	}
	memcpy(r, queue[first++], HID_REPORT_BYTES);
	return CAUSE_OK;
}

static void nothing(void *context)
{
	(void)context;
}

static bool draw(void *out, size_t len)
{
	memset(out, (int)(++draws % 200), len);
	return true;
}

static enum cause give_pin(unsigned left, uint8_t *pin, size_t *len, struct error *err)
{
	fuzz_check(left && left < 256, "a question without a try");
	if (left & 1)
		return error_set(err, CAUSE_PASSPHRASE, "no PIN");
	memcpy(pin, "123456", 6);
	*len = left & 2 ? 6 : 3;
	return CAUSE_OK;
}

static void __attribute__((format(printf, 1, 2))) hear(const char *fmt, ...)
{
	fuzz_check(fmt != NULL, "nothing said");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hid_port port = {send, receive, nothing, nothing, NULL};
	static struct fido2_token t;
	static struct ctap c;
	static struct ctap_secrets s;
	uint8_t pin[CONTRACT_PIN_MAX_BYTES], choices;
	struct fido2_person person = {give_pin, hear, pin};
	struct error err = {.text = ""};
	enum cause cause;

	in = (struct fuzz_input){data, size};
	first = last = draws = 0;
	channel = UINT32_MAX;
	choices = fuzz_byte(&in);
	t = (struct fido2_token){.credential_len = 48,
		.rp = "io.systemd.cryptsetup",
		.pin = choices % 3,
		.touch = choices / 3 % 3,
		.verification = choices / 9 % 3};
	memset(&s, 0, sizeof(s));
	cause = ctap_open(&c, &port, draw, &s, &err);
	fuzz_check(cause == CAUSE_OK, "a proper INIT is not taken");
	cause = fido2_run(&c, &t, &person, &err);
	fuzz_check(cause == CAUSE_OK || cause == CAUSE_DEVICE || cause == CAUSE_PASSPHRASE,
		"a cause that it has not");
	fuzz_check(!cause || err.text[0], "a cause without a sentence");
	if (cause)
		fuzz_check_printable(err.text);
	fuzz_check(!c.hid.pending, "a message is left pending");
	return 0;
}
