/* SPDX-License-Identifier: MIT */
/*
 * hid - messages to and from a security key in reports of 64 bytes: CTAPHID (CTAP 2.1, section 11.2).
 *
 * One channel, one message at a time. Reports of other channels, which belong to other programs, are passed
 * over. However the key behaves: nothing is written outside the caller's buffer, and every call ends by its
 * deadline.
 */
#ifndef FIDO2_HID_H
#define FIDO2_HID_H

#include "base/cause.h"
#include "base/bytes.h"

enum {
	HID_REPORT_BYTES = 64,
	HID_MESSAGE_MAX_BYTES = 7609, /* a first report, and 128 more */
	HID_NONCE_BYTES = 8,
	HID_ANSWER_S = 10, /* for a message that needs no touch */
	HID_TOUCH_S = 60,  /* from the moment on that the key wants one; keys themselves give up after 30 s */
	HID_BUSY_S = 120,  /* while another program uses the key, which may be us with another token */
};

/* How reports pass, and what happens meanwhile. */
struct hid_port {
	/* False when the key is gone. */
	bool (*send)(void *context, const uint8_t report[HID_REPORT_BYTES]);
	/*
	 * Wait for a report until @deadline_us. Fails: CAUSE_DEVICE (the key is gone, or the program is to
	 * end), CAUSE_RESOURCE (nothing came in time).
	 */
	enum cause (*receive)(void *context, uint8_t report[HID_REPORT_BYTES], uint64_t deadline_us);
	/* The key waits for a touch: called once a message. */
	void (*touch)(void *context);
	/* Another program uses the key: called each time before it is asked again. */
	void (*busy)(void *context);
	void *context;
};

struct hid {
	const struct hid_port *port;
	uint32_t channel;
	bool pending; /* a message was sent whose answer has not come */
};

/* Get a channel of the key. @nonce is random. Fails: CAUSE_DEVICE. */
enum cause hid_open(struct hid *h, const struct hid_port *port, const uint8_t nonce[HID_NONCE_BYTES],
	struct error *err) MUST_USE;

/*
 * Send a CTAP2 message, of at most HID_MESSAGE_MAX_BYTES, and take its answer into @answer (@room bytes; @got
 * of it).
 * Fails: CAUSE_DEVICE, after taking the message back where the key may still work on it.
 */
enum cause hid_exchange(struct hid *h, struct bytes message, uint8_t *answer, size_t room, size_t *got,
	struct error *err) MUST_USE;

/* If the key still works on a message, take it back: it stops blinking. Call before leaving. */
void hid_cancel(struct hid *h);

#endif
