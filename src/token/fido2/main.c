/* SPDX-License-Identifier: MIT */
/*
 * systemd-fido2 - the token program for security keys: latchkey-token(7), docs/tokens.md.
 *
 * One key (a hidraw device) and one token, to the passphrase that systemd-cryptenroll made of the key's
 * secret.
 */
#include "base/clock.h"
#include "format/base64.h"
#include "token/contract.h"
#include "token/fido2/fido2.h"
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* The hidraw device is the descriptor CONTRACT_DEVICE: linux/hidraw.h. */

static bool send_report(void *context, const uint8_t report[HID_REPORT_BYTES])
{
	uint8_t numbered[1 + HID_REPORT_BYTES] = {0}; /* report number 0: the device has one kind only */

	(void)context;
	memcpy(numbered + 1, report, HID_REPORT_BYTES);
	return write(CONTRACT_DEVICE, numbered, sizeof(numbered)) == (ssize_t)sizeof(numbered);
}

static enum cause receive_report(void *context, uint8_t report[HID_REPORT_BYTES], uint64_t deadline_us)
{
	(void)context;
	for (;;) {
		enum contract_event event = contract_wait_for(CONTRACT_DEVICE, deadline_us);
		ssize_t n;

		if (event == CONTRACT_LATE)
			return CAUSE_RESOURCE;
		if (event != CONTRACT_READY)
			return CAUSE_DEVICE;
		n = read(CONTRACT_DEVICE, report, HID_REPORT_BYTES);
		if (n == HID_REPORT_BYTES)
			return CAUSE_OK;
		if (n <= 0 && !(n < 0 && errno == EAGAIN))
			return CAUSE_DEVICE;
		/* A shorter report is none of CTAPHID. */
		if (clock_now_us() > deadline_us)
			return CAUSE_RESOURCE;
	}
}

static void say_touch(void *context)
{
	(void)context;
	contract_touch();
}

static void say_busy(void *context)
{
	(void)context;
	contract_wait("the security key is in use by another program");
}

static bool get_random(void *out, size_t len)
{
	return getrandom(out, len, 0) == (ssize_t)len;
}

static struct {
	struct ctap_secrets key;
	uint8_t pin[CONTRACT_PIN_MAX_BYTES];
	char passphrase[BASE64_CHARS(CTAP_SECRET_BYTES)];
} secrets;

static enum cause read_token(struct fido2_token *t, struct error *err)
{
	static char text[CONTRACT_TOKEN_MAX_BYTES];
	size_t len;
	enum cause cause = contract_read_token(text, sizeof(text), &len, err);

	return cause ? cause : fido2_token_read(text, len, t, err);
}

/* systemd's passphrase is the base64 of the secret. */
static enum cause serve(const struct fido2_token *t, struct error *err)
{
	static const struct hid_port port = {send_report, receive_report, say_touch, say_busy, NULL};
	static struct ctap c;
	static const struct fido2_person person = {contract_ask_pin, contract_say, secrets.pin};
	enum cause cause;

	contract_lock_down();
	cause = ctap_open(&c, &port, get_random, &secrets.key, err);
	if (!cause)
		cause = fido2_run(&c, t, &person, err);
	if (cause)
		return cause;
	base64_encode(secrets.key.output, CTAP_SECRET_BYTES, secrets.passphrase);
	return contract_give((struct bytes){secrets.passphrase, sizeof(secrets.passphrase)}, err);
}

int main(void)
{
	static struct fido2_token token;
	struct error err;
	enum cause cause;

	contract_begin(FILTER_WITH_MEMORY, &secrets, sizeof(secrets));
	cause = read_token(&token, &err);
	if (!cause && !contract_has_device()) {
		contract_need("hidraw f1d0");
		cause = error_set(&err, CAUSE_DEVICE, "no security key was given");
	} else if (!cause) {
		cause = serve(&token, &err);
	}
	return contract_end(cause, &err);
}
