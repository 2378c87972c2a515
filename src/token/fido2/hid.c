/* SPDX-License-Identifier: MIT */
/* hid - see hid.h. */
#include "token/fido2/hid.h"
#include "base/clock.h"
#include "base/text.h"
#include <string.h>

/* Commands, with the bit that marks the first report of a message. */
enum { INIT = 0x86, CBOR = 0x90, CANCEL = 0x91, KEEPALIVE = 0xbb, ERROR = 0xbf, FIRST = 0x80 };
/* What a KEEPALIVE and an ERROR say. */
enum { STATUS_WANTS_TOUCH = 2, ERROR_BUSY = 6 };
enum { INIT_ANSWER_BYTES = 17, HAS_CBOR = 0x04 };
enum {
	FIRST_HEAD = 7,
	MORE_HEAD = 5,
};
enum { SECOND_US = 1000000, BUSY_PAUSE_US = 500000 };

static const uint32_t broadcast = UINT32_MAX;

static enum cause gone(struct error *err)
{
	return error_set(err, CAUSE_DEVICE, "the security key was removed");
}

static enum cause send(const struct hid *h, uint8_t command, struct bytes message, struct error *err)
{
	const uint8_t *p = message.data;
	uint8_t report[HID_REPORT_BYTES], sequence = 0;
	size_t head = FIRST_HEAD, left = message.len;

	do {
		size_t n = left < sizeof(report) - head ? left : sizeof(report) - head;

		memset(report, 0, sizeof(report));
		bytes_put_be32(report, h->channel);
		report[4] = head == FIRST_HEAD ? command : sequence++;
		if (head == FIRST_HEAD) {
			report[5] = (uint8_t)(left >> 8);
			report[6] = (uint8_t)left;
		}
		memcpy(report + head, p, n);
		if (!h->port->send(h->port->context, report))
			return gone(err);
		p += n;
		left -= n;
		head = MORE_HEAD;
	} while (left);
	return CAUSE_OK;
}

/* A message that comes in. */
struct incoming {
	uint8_t command;
	uint8_t *data;
	size_t room, len, used;
	uint64_t deadline_us;
};

/* The next report on our channel; reports of others cost time, which the deadline bounds. */
static enum cause receive(const struct hid *h, uint8_t *report, uint64_t deadline_us, struct error *err)
{
	for (;;) {
		enum cause cause = clock_now_us() > deadline_us
		                           ? CAUSE_RESOURCE
		                           : h->port->receive(h->port->context, report, deadline_us);

		if (cause == CAUSE_RESOURCE)
			return error_set(err, CAUSE_DEVICE, "the security key did not respond in time");
		if (cause)
			return gone(err);
		if (bytes_be32(report) == h->channel)
			return CAUSE_OK;
	}
}

static void take(struct incoming *in, const uint8_t *report, size_t head)
{
	size_t n = HID_REPORT_BYTES - head;

	if (n > in->len - in->used)
		n = in->len - in->used;
	memcpy(in->data + in->used, report + head, n);
	in->used += n;
}

/* The first report of a message. What came before it is the rest of an earlier answer. */
static enum cause receive_first(const struct hid *h, struct incoming *in, struct error *err)
{
	uint8_t report[HID_REPORT_BYTES];
	enum cause cause;

	do {
		cause = receive(h, report, in->deadline_us, err);
		if (cause)
			return cause;
	} while (!(report[4] & FIRST));
	in->command = report[4];
	in->len = bytes_be16(report + 5);
	in->used = 0;
	if (in->len > in->room)
		return error_set(err, CAUSE_DEVICE, "the security key's response is too long: %llu bytes",
			(unsigned long long)in->len);
	take(in, report, FIRST_HEAD);
	return CAUSE_OK;
}

static enum cause receive_message(const struct hid *h, struct incoming *in, struct error *err)
{
	enum cause cause = receive_first(h, in, err);
	uint8_t report[HID_REPORT_BYTES], sequence = 0;

	while (!cause && in->used < in->len) {
		cause = receive(h, report, in->deadline_us, err);
		if (!cause && report[4] != sequence)
			cause = error_set(err, CAUSE_DEVICE,
				"the security key's response has report %u in place of %u", report[4],
				sequence);
		if (!cause)
			take(in, report, MORE_HEAD);
		sequence++;
	}
	return cause;
}

enum cause hid_open(struct hid *h, const struct hid_port *port, const uint8_t nonce[HID_NONCE_BYTES],
	struct error *err)
{
	uint8_t answer[HID_REPORT_BYTES] = {0};
	struct incoming in = {.data = answer,
		.room = sizeof(answer),
		.deadline_us = clock_now_us() + HID_ANSWER_S * SECOND_US};
	enum cause cause;

	*h = (struct hid){.port = port, .channel = broadcast};
	cause = send(h, INIT, (struct bytes){nonce, HID_NONCE_BYTES}, err);
	/* Others may be asking, too: the nonce says whose answer it is. */
	do {
		if (!cause)
			cause = receive_message(h, &in, err);
	} while (!cause && (in.command != INIT || in.len != INIT_ANSWER_BYTES ||
				   memcmp(answer, nonce, HID_NONCE_BYTES)));
	if (cause)
		return cause;
	h->channel = bytes_be32(answer + HID_NONCE_BYTES);
	if (!(answer[INIT_ANSWER_BYTES - 1] & HAS_CBOR))
		return error_set(err, CAUSE_DEVICE, "the security key does not support CTAP2");
	return CAUSE_OK;
}

/* Up to the answer itself: KEEPALIVEs only move the deadline, once. */
static enum cause await(struct hid *h, struct incoming *in, struct error *err)
{
	bool touched = false;

	in->deadline_us = clock_now_us() + HID_ANSWER_S * SECOND_US;
	for (;;) {
		enum cause cause = receive_message(h, in, err);

		if (cause || in->command == CBOR || in->command == ERROR)
			return cause;
		if (in->command != KEEPALIVE || !in->len || in->data[0] != STATUS_WANTS_TOUCH || touched)
			continue;
		touched = true;
		in->deadline_us = clock_now_us() + (uint64_t)HID_TOUCH_S * SECOND_US;
		h->port->touch(h->port->context);
	}
}

/* False when the key went away meanwhile. Strays are dropped: they were no answers of ours. */
static bool pause_while_busy(const struct hid *h, uint64_t until_us)
{
	uint8_t report[HID_REPORT_BYTES];
	enum cause cause;

	h->port->busy(h->port->context);
	do
		cause = h->port->receive(h->port->context, report, until_us);
	while (!cause && clock_now_us() < until_us);
	return cause != CAUSE_DEVICE;
}

enum cause hid_exchange(struct hid *h, struct bytes message, uint8_t *answer, size_t room, size_t *got,
	struct error *err)
{
	struct incoming in = {.data = answer, .room = room};
	uint64_t busy_until = clock_now_us() + (uint64_t)HID_BUSY_S * SECOND_US;
	enum cause cause;

	for (;;) {
		h->pending = true;
		cause = send(h, CBOR, message, err);
		if (!cause)
			cause = await(h, &in, err);
		if (cause || in.command != ERROR)
			break;
		h->pending = false;
		if (!in.len || answer[0] != ERROR_BUSY || clock_now_us() > busy_until)
			return error_set(err, CAUSE_DEVICE, "the security key reports CTAPHID error %u",
				in.len ? answer[0] : 0);
		if (!pause_while_busy(h, clock_now_us() + BUSY_PAUSE_US))
			return gone(err);
	}
	if (cause)
		hid_cancel(h);
	h->pending = false;
	*got = in.used;
	return cause;
}

void hid_cancel(struct hid *h)
{
	struct error ignored;

	if (h->pending)
		(void)send(h, CANCEL, (struct bytes){"", 0}, &ignored);
	h->pending = false;
}
