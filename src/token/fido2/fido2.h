/* SPDX-License-Identifier: MIT */
/*
 * fido2 - one token and one security key to the token's secret: what is asked, of whom, in which order.
 *
 * A PIN or a touch is asked for only after the key has reported that it holds the credential; a key that
 * hides this without its PIN is taken for the right one if the token needs a PIN anyway.
 */
#ifndef FIDO2_FIDO2_H
#define FIDO2_FIDO2_H

#include "token/fido2/ctap.h"

/* How to reach the user, who may know the PIN; as contract_ask_pin and contract_say. */
struct fido2_person {
	enum cause (*ask_pin)(unsigned left, uint8_t *pin, size_t *len, struct error *err);
	void (*say)(const char *fmt, ...) PRINTF_LIKE(1, 2);
	uint8_t *pin; /* room for the answer: CONTRACT_PIN_MAX_BYTES */
};

/*
 * The token's secret into c->secrets->output; @c is open. On failure the key is left without a pending
 * message.
 * Fails: CAUSE_DEVICE (another key holds the credential, this one is gone, silent or wrong), CAUSE_PASSPHRASE
 * (the PIN is wrong, blocked, not given, or not taken before it was changed or the key was unplugged; or
 * nobody was verified), CAUSE_KERNEL.
 */
enum cause fido2_run(struct ctap *c, const struct fido2_token *t, const struct fido2_person *person,
	struct error *err) MUST_USE;

#endif
