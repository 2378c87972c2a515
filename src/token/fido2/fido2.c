/* SPDX-License-Identifier: MIT */
/* fido2 - see fido2.h. */
#include "token/fido2/fido2.h"
#include "base/clock.h"
#include "crypto/hmac.h"
#include "secret/wipe.h"
#include "token/contract.h"
#include <string.h>

enum {
	PIN_MIN_BYTES = 4, /* CTAP 2.1, 6.5.1: 4 characters to 63 bytes */
	PIN_MAX_BYTES = 63,
	ASKS_MAX = 8, /* as often as keys let one be wrong */
	QUICK_US =
		5000000, /* a key waits longer for a touch; one that does not is asked so many times only: */
	QUICK_MAX = 8,
};

struct run {
	struct ctap *c;
	const struct fido2_token *t;
	const struct fido2_person *person;
	struct ctap_info info;
	struct ctap_ask ask;
	bool pin_known; /* secrets->pin_hash was right once */
	unsigned asks, quick;
};

static enum cause refused(struct error *err, const char *what, unsigned status)
{
	return error_set(err, CAUSE_DEVICE, "the security key refuses %s: status 0x%02x", what, status);
}

static enum cause needs_pin(struct error *err)
{
	return error_set(err, CAUSE_DEVICE,
		"this security key requires its PIN at every use, but the token was enrolled without a PIN, "
		"which gives another secret: enrol it again");
}

static enum cause blocked(struct error *err, const char *what)
{
	return error_set(err, CAUSE_PASSPHRASE, "the %s of the security key is blocked: no tries are left",
		what);
}

static enum cause no_credential(struct error *err)
{
	return error_set(err, CAUSE_DEVICE, "this security key does not hold the credential of the token");
}

/* --- is it this key? --------------------------------------------------------------------- */

/* What can be told from the key's description alone. */
static enum cause check_abilities(const struct run *r, struct error *err)
{
	const struct ctap_info *info = &r->info;
	const char *why = NULL;

	if (!info->hmac_secret)
		why = "this security key has no hmac-secret";
	else if (!info->protocol)
		why = "this security key supports neither PIN/UV protocol 1 nor 2";
	else if (r->t->pin == TOKEN_YES && !info->pin_set)
		why = "the token requires a PIN, but this security key has none set";
	else if (r->t->verification == TOKEN_YES && !r->ask.pin && !info->verification)
		why = "the token requires user verification, but this security key has none set up";
	else if (info->always_verifies && r->t->pin == TOKEN_NO && !r->ask.verification)
		return needs_pin(err);
	return why ? error_set(err, CAUSE_DEVICE, "%s", why) : CAUSE_OK;
}

static enum cause find_credential(struct run *r, struct error *err)
{
	enum cause cause;

	/* Some keys with built-in verification only say after it. systemd asks such a key at once, too. */
	if (r->ask.verification)
		return CAUSE_OK;
	cause = ctap_preflight(r->c, r->t, err);
	if (cause)
		return cause;
	switch (r->c->status) {
	case CTAP_OK:
	/* It does not say without its PIN, or cannot be asked silently. */
	case CTAP_PUAT_REQUIRED:
	case CTAP_UNSUPPORTED_OPTION:
	case CTAP_INVALID_OPTION:
		return CAUSE_OK;
	case CTAP_NO_CREDENTIALS:
		return no_credential(err);
	default:
		return refused(err, "to look for the credential", r->c->status);
	}
}

/* --- the PIN ----------------------------------------------------------------------------- */

/* Into secrets->pin_hash, from a person. */
static enum cause hash_pin(struct run *r, unsigned left, struct error *err)
{
	struct bytes pin = {r->person->pin, 0};
	uint8_t hash[HMAC_BYTES];
	enum cause cause;

	do {
		if (r->asks++ == ASKS_MAX)
			return error_set(err, CAUSE_PASSPHRASE, "the PIN was asked for %d times", ASKS_MAX);
		cause = r->person->ask_pin(left, r->person->pin, &pin.len, err);
		if (!cause && (pin.len < PIN_MIN_BYTES || pin.len > PIN_MAX_BYTES))
			r->person->say("a PIN has %d to %d bytes; no try was used up", PIN_MIN_BYTES,
				PIN_MAX_BYTES);
	} while (!cause && (pin.len < PIN_MIN_BYTES || pin.len > PIN_MAX_BYTES));
	if (!cause) {
		hmac_sha256(&pin, 1, hash);
		memcpy(r->c->secrets->pin_hash, hash, sizeof(r->c->secrets->pin_hash));
		wipe(hash, sizeof(hash));
	}
	wipe(r->person->pin, CONTRACT_PIN_MAX_BYTES);
	return cause;
}

static enum cause unplug_first(struct error *err)
{
	return error_set(err, CAUSE_PASSPHRASE,
		"the security key takes no PIN after three wrong ones: unplug it and plug it in again");
}

/* How many tries there are is asked of the key each time: others may have used some. */
static enum cause ask_pin(struct run *r, struct error *err)
{
	unsigned left;
	bool unplug;
	enum cause cause;

	if (r->info.pin_to_change)
		return error_set(err, CAUSE_PASSPHRASE, "the PIN of the security key must be changed first");
	cause = ctap_pin_tries(r->c, r->info.protocol, &left, &unplug, err);
	if (cause)
		return cause;
	if (r->c->status)
		return refused(err, "to say how many PIN tries are left", r->c->status);
	if (!left)
		return blocked(err, "PIN");
	return unplug ? unplug_first(err) : hash_pin(r, left, err);
}

static enum cause judge_pin(struct run *r, struct error *err)
{
	r->pin_known = r->c->status == CTAP_OK;
	switch (r->c->status) {
	case CTAP_OK:
		return CAUSE_OK;
	case CTAP_PIN_INVALID:
		r->person->say("wrong PIN");
		return CAUSE_OK;
	case CTAP_PIN_AUTH_BLOCKED:
		return unplug_first(err);
	case CTAP_PIN_BLOCKED:
		return blocked(err, "PIN");
	default:
		return refused(err, "the PIN", r->c->status);
	}
}

static enum cause agree(struct run *r, struct error *err)
{
	enum cause cause = ctap_agree(r->c, r->info.protocol, err);

	return cause || !r->c->status ? cause : refused(err, "a key agreement", r->c->status);
}

/* A PIN that was right is sent again without a question: it costs no try. */
static enum cause authenticate(struct run *r, struct error *err)
{
	enum cause cause;

	do {
		cause = r->pin_known ? CAUSE_OK : ask_pin(r, err);
		if (!cause)
			cause = agree(r, err);
		if (!cause)
			cause = ctap_get_pin_token(r->c, &r->info, r->t->rp, err);
		if (!cause)
			cause = judge_pin(r, err);
	} while (!cause && !r->pin_known);
	return cause;
}

/* --- the secret -------------------------------------------------------------------------- */

/* Is another try called for, with what the key has just demanded? What a token does not say, the key says. */
static bool adapt(struct run *r, unsigned status)
{
	switch (status) {
	case CTAP_USER_ACTION_TIMEOUT:
	case CTAP_ACTION_TIMEOUT:
	case CTAP_KEEPALIVE_CANCEL: /* of another program: ours leaves at once */
		return true;
	case CTAP_PIN_AUTH_INVALID: /* the PIN token has expired */
		return r->ask.pin;
	case CTAP_PUAT_REQUIRED:
		if (r->ask.pin || r->t->pin != TOKEN_NOT_SAID || !r->info.pin_set)
			return false;
		r->ask.pin = true;
		r->ask.verification = false;
		return true;
	/* The secret is the same with a touch and without. */
	case CTAP_UP_REQUIRED:
	case CTAP_UNSUPPORTED_OPTION:
	case CTAP_INVALID_OPTION:
		if (r->ask.touch)
			return false;
		r->ask.touch = true;
		return true;
	default:
		return false;
	}
}

static enum cause explain(const struct run *r, struct error *err)
{
	switch (r->c->status) {
	case CTAP_NO_CREDENTIALS:
		return no_credential(err);
	case CTAP_OPERATION_DENIED:
		return error_set(err, CAUSE_PASSPHRASE, "denied at the security key");
	case CTAP_UV_BLOCKED:
		return blocked(err, "user verification");
	case CTAP_PUAT_REQUIRED: /* if it has a PIN, also in place of a verification that has failed */
		if (!r->ask.verification)
			return needs_pin(err);
		break;
	case CTAP_UV_INVALID:
		break;
	default:
		return refused(err, "the secret", r->c->status);
	}
	return error_set(err, CAUSE_PASSPHRASE, "the security key did not verify its user");
}

static enum cause get_secret(struct run *r, struct error *err)
{
	for (;;) {
		uint64_t start = clock_now_us();
		enum cause cause = r->ask.pin ? authenticate(r, err) : agree(r, err);

		if (!cause)
			cause = ctap_get_secret(r->c, r->t, r->ask, err);
		if (cause || !r->c->status)
			return cause;
		r->quick += clock_now_us() - start < QUICK_US;
		if (!adapt(r, r->c->status) || r->quick > QUICK_MAX)
			return explain(r, err);
	}
}

enum cause fido2_run(struct ctap *c, const struct fido2_token *t, const struct fido2_person *person,
	struct error *err)
{
	struct run r = {.c = c, .t = t, .person = person};
	enum cause cause = ctap_get_info(c, &r.info, err);

	r.ask.pin = t->pin == TOKEN_YES;
	r.ask.touch = t->touch == TOKEN_YES;
	/* With a PIN that is the verification. */
	r.ask.verification = t->verification == TOKEN_YES && !r.ask.pin && r.info.verification;
	if (!cause)
		cause = c->status ? refused(err, "to describe itself", c->status) : check_abilities(&r, err);
	if (!cause)
		cause = find_credential(&r, err);
	if (!cause)
		cause = get_secret(&r, err);
	hid_cancel(&c->hid);
	return cause;
}
