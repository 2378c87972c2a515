/* SPDX-License-Identifier: MIT */
/*
 * ctap - the CTAP2 commands that a systemd-fido2 token takes: getInfo, clientPIN, getAssertion with
 * hmac-secret (CTAP 2.1, sections 6.2, 6.4, 6.5 and 12.5).
 *
 * Each sends one message and takes one answer. A key's refusal is no failure here: it is c->status, which the
 * caller judges. Failures are CAUSE_DEVICE: the key is gone or silent, or its answer has not the form that it
 * must have.
 */
#ifndef FIDO2_CTAP_H
#define FIDO2_CTAP_H

#include "token/fido2/cbor.h"
#include "token/fido2/hid.h"
#include "token/fido2/pinuv.h"
#include "token/fido2/fido2_token.h"

/* CTAP 2.1, 8.2: those that mean something here. */
enum ctap_status {
	CTAP_OK = 0,
	CTAP_OPERATION_DENIED = 0x27,
	CTAP_UNSUPPORTED_OPTION = 0x2b,
	CTAP_INVALID_OPTION = 0x2c,
	CTAP_KEEPALIVE_CANCEL = 0x2d,
	CTAP_NO_CREDENTIALS = 0x2e,
	CTAP_USER_ACTION_TIMEOUT = 0x2f,
	CTAP_PIN_INVALID = 0x31,
	CTAP_PIN_BLOCKED = 0x32,
	CTAP_PIN_AUTH_INVALID = 0x33,
	CTAP_PIN_AUTH_BLOCKED = 0x34,
	CTAP_PIN_NOT_SET = 0x35,
	CTAP_PUAT_REQUIRED = 0x36,
	CTAP_ACTION_TIMEOUT = 0x3a,
	CTAP_UP_REQUIRED = 0x3b,
	CTAP_UV_BLOCKED = 0x3c,
	CTAP_UV_INVALID = 0x3f,
};

enum { CTAP_MESSAGE_BYTES = 2048, CTAP_PIN_HASH_BYTES = 16, CTAP_SECRET_BYTES = 32 };

/* What a key says of itself. */
struct ctap_info {
	bool hmac_secret;
	bool pin_set;
	bool pin_to_change;   /* it takes no PIN before that was changed */
	bool pin_permissions; /* it has getPinUvAuthTokenUsingPinWithPermissions */
	bool verification;    /* built in and set up, such as a fingerprint */
	bool always_verifies; /* no credential without PIN or verification */
	unsigned protocol;    /* the PIN/UV auth protocol that it prefers of ours; 0: none */
};

/* All that is secret here; it lives where contract_begin was told. */
struct ctap_secrets {
	uint8_t scalar[P256_BYTES], z[P256_BYTES]; /* our key of the agreement, and what came of it */
	struct pinuv shared;
	uint8_t pin_hash[CTAP_PIN_HASH_BYTES]; /* the first bytes of SHA-256 of the PIN */
	uint8_t pin_token[PINUV_TEXT_MAX_BYTES];
	size_t pin_token_len;                   /* 0: there is none */
	uint8_t sealed[PINUV_SEALED_MAX_BYTES]; /* what is sent of pin_hash, or of the salt */
	uint8_t output[CTAP_SECRET_BYTES];
};

struct ctap {
	struct hid hid;
	bool (*random)(void *out, size_t len);
	struct ctap_secrets *secrets;
	size_t message_max_bytes; /* what the key takes */
	struct p256_point ours;   /* the public half of scalar */
	unsigned status;          /* of the last answer */
	struct cbor map;          /* the answer's, if the status is 0 */
	struct cbor_out out;      /* the message */
	uint8_t message[CTAP_MESSAGE_BYTES], answer[CTAP_MESSAGE_BYTES];
};

/* Which of its secrets, and how, the key is asked for. */
struct ctap_ask {
	bool pin;          /* authenticate by secrets->pin_token */
	bool touch;        /* demand a person's presence; false: forbid that it be demanded */
	bool verification; /* demand the built-in verification */
};

/*
 * Get a channel of the key. @random fills in random bytes, or says that there are none. @s has no secrets
 * yet.
 */
enum cause ctap_open(struct ctap *c, const struct hid_port *port, bool (*random)(void *out, size_t len),
	struct ctap_secrets *s, struct error *err) MUST_USE;

enum cause ctap_get_info(struct ctap *c, struct ctap_info *info, struct error *err) MUST_USE;

/* Does the key have the credential? This needs no PIN and no touch, and nothing blinks. */
enum cause ctap_preflight(struct ctap *c, const struct fido2_token *t, struct error *err) MUST_USE;

/* Agree on secrets->shared, anew. Fails: CAUSE_KERNEL (no random numbers), too. */
enum cause ctap_agree(struct ctap *c, unsigned protocol, struct error *err) MUST_USE;

/* Tries that the PIN has left; @unplug: none before the key was unplugged. */
enum cause ctap_pin_tries(struct ctap *c, unsigned protocol, unsigned *left, bool *unplug,
	struct error *err) MUST_USE;

/* Exchange secrets->pin_hash for secrets->pin_token. A wrong one costs a try and ends the agreement. */
enum cause ctap_get_pin_token(struct ctap *c, const struct ctap_info *info, const char *rp,
	struct error *err) MUST_USE;

/* Ask for the credential's secret of the token's salt, into secrets->output. */
enum cause ctap_get_secret(struct ctap *c, const struct fido2_token *t, struct ctap_ask ask,
	struct error *err) MUST_USE;

#endif
