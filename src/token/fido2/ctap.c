/* SPDX-License-Identifier: MIT */
/* ctap - see ctap.h. Numbers of commands and members are named as CTAP 2.1 names them. */
#include "token/fido2/ctap.h"
#include <string.h>

_Static_assert((size_t)CTAP_MESSAGE_BYTES <= HID_MESSAGE_MAX_BYTES, "a message that CTAPHID cannot carry");

enum { GET_ASSERTION = 2, GET_INFO = 4, CLIENT_PIN = 6 };
enum {
	INFO_EXTENSIONS = 2,
	INFO_OPTIONS = 4,
	INFO_MAX_MSG_SIZE = 5,
	INFO_PROTOCOLS = 6,
	INFO_FORCE_PIN_CHANGE = 12,
	MESSAGE_MIN_BYTES = 1024
};
enum { GET_RETRIES = 1, GET_KEY_AGREEMENT = 2, GET_PIN_TOKEN = 5, GET_PIN_TOKEN_WITH_PERMISSIONS = 9 };
enum {
	ANSWER_KEY_AGREEMENT = 1,
	ANSWER_TOKEN = 2,
	ANSWER_RETRIES = 3,
	ANSWER_POWER_CYCLE = 4,
	ANSWER_AUTH_DATA = 2
};
/*
 * COSE_Key (RFC 9053, section 7.1): ours is {kty: EC2, alg: ECDH-ES+HKDF-256, crv: P-256, x, y} (CTAP 2.1,
 * 6.5.6).
 */
enum { COSE_KTY = 1, COSE_CRV = -1, COSE_X = -2, COSE_Y = -3, KTY_EC2 = 2, CRV_P256 = 1 };
#define OUR_KEY "{5 1 2 3 -25 -1 1 -2 %b -3 %b "
/* Authenticator data (WebAuthn, 6.1): the hash of the RP, flags, a counter, then the extensions' map. */
enum { AUTH_FLAGS = 32, AUTH_HEAD_BYTES = 37, FLAG_ATTESTED = 0x40, FLAG_EXTENSIONS = 0x80 };

/* Every assertion is over this hash: its signature is not used. */
static const uint8_t zeros[32];
static const struct bytes client_data_hash = {zeros, sizeof(zeros)};

static void begin(struct ctap *c, uint8_t command)
{
	c->message[0] = command;
	c->out = (struct cbor_out){c->message, sizeof(c->message), 1, false};
}

static enum cause malformed(struct error *err, const char *what)
{
	return error_set(err, CAUSE_DEVICE, "the security key's response has no valid %s", what);
}

/* Send what was written and take the answer. */
static enum cause call(struct ctap *c, struct error *err)
{
	size_t got = 0;
	enum cause cause;

	if (c->out.full || c->out.used > c->message_max_bytes)
		return error_set(err, CAUSE_DEVICE,
			"the token's credential is too long for this security key, "
			"which takes messages of %llu bytes",
			(unsigned long long)c->message_max_bytes);
	cause = hid_exchange(&c->hid, (struct bytes){c->message, c->out.used}, c->answer, sizeof(c->answer),
		&got, err);
	if (cause)
		return cause;
	if (!got)
		return malformed(err, "status");
	c->status = c->answer[0];
	if (!c->status &&
		(!cbor_open((struct bytes){c->answer + 1, got - 1}, &c->map) || c->map.kind != CBOR_MAP))
		return malformed(err, "CBOR map");
	return CAUSE_OK;
}

static enum cause no_random(struct error *err)
{
	return error_set(err, CAUSE_KERNEL, "no random numbers from the kernel");
}

enum cause ctap_open(struct ctap *c, const struct hid_port *port, bool (*random)(void *out, size_t len),
	struct ctap_secrets *s, struct error *err)
{
	uint8_t nonce[HID_NONCE_BYTES];

	c->random = random;
	c->secrets = s;
	c->message_max_bytes = MESSAGE_MIN_BYTES;
	if (!random(nonce, sizeof(nonce)))
		return no_random(err);
	return hid_open(&c->hid, port, nonce, err);
}

/* --- getInfo ----------------------------------------------------------------------------- */

static bool option(const struct cbor *options, const char *name)
{
	struct cbor v;

	return cbor_named(options, name, &v) && cbor_is_true(&v);
}

static void read_options(const struct cbor *map, struct ctap_info *info)
{
	struct cbor options;

	if (!cbor_at(map, INFO_OPTIONS, &options))
		return;
	info->pin_set = option(&options, "clientPin");
	info->pin_permissions = option(&options, "pinUvAuthToken");
	info->verification = option(&options, "uv");
	info->always_verifies = option(&options, "alwaysUv");
}

/* The key's list is in the order of its preference. Keys of CTAP 2.0 may have no list, and protocol one. */
static void read_protocols(const struct cbor *map, struct ctap_info *info)
{
	struct cbor protocols, v;
	struct cbor_walk w;

	info->protocol = PINUV_ONE;
	if (!cbor_at(map, INFO_PROTOCOLS, &protocols))
		return;
	info->protocol = 0;
	w = cbor_items(&protocols);
	while (!info->protocol && cbor_next(&w, &v))
		if (v.kind == CBOR_UINT && (v.value == PINUV_ONE || v.value == PINUV_TWO))
			info->protocol = (unsigned)v.value;
}

enum cause ctap_get_info(struct ctap *c, struct ctap_info *info, struct error *err)
{
	struct cbor_walk w = {.left = 0};
	struct cbor v;
	enum cause cause;

	begin(c, GET_INFO); /* it has no parameters */
	cause = call(c, err);
	if (cause || c->status)
		return cause;
	*info = (struct ctap_info){0};
	read_options(&c->map, info);
	read_protocols(&c->map, info);
	info->pin_to_change = cbor_at(&c->map, INFO_FORCE_PIN_CHANGE, &v) && cbor_is_true(&v);
	if (cbor_at(&c->map, INFO_EXTENSIONS, &v))
		w = cbor_items(&v);
	while (cbor_next(&w, &v))
		info->hmac_secret |= cbor_is_text(&v, "hmac-secret");
	if (cbor_at(&c->map, INFO_MAX_MSG_SIZE, &v) && v.kind == CBOR_UINT && v.value > MESSAGE_MIN_BYTES)
		c->message_max_bytes = v.value < CTAP_MESSAGE_BYTES ? (size_t)v.value : CTAP_MESSAGE_BYTES;
	return CAUSE_OK;
}

/* --- clientPIN --------------------------------------------------------------------------- */

/* Members 1 and 2; @more of them follow. */
static void begin_pin(struct ctap *c, unsigned more, unsigned protocol, unsigned subcommand)
{
	begin(c, CLIENT_PIN);
	cbor_write(&c->out, more == 4 ? "{6" : more ? "{4" : "{2");
	cbor_write(&c->out, "1 %d 2 %d", protocol, subcommand);
}

static bool coordinate(const struct cbor *key, int name, uint8_t out[P256_BYTES])
{
	struct cbor v;
	struct bytes b;

	if (!cbor_at(key, name, &v) || !cbor_bytes(&v, &b) || b.len != P256_BYTES)
		return false;
	memcpy(out, b.data, b.len);
	return true;
}

static bool read_peer(const struct cbor *map, struct p256_point *out)
{
	struct cbor key, v;

	return cbor_at(map, ANSWER_KEY_AGREEMENT, &key) && cbor_at(&key, COSE_KTY, &v) &&
	       v.kind == CBOR_UINT && v.value == KTY_EC2 && cbor_at(&key, COSE_CRV, &v) &&
	       v.kind == CBOR_UINT && v.value == CRV_P256 && coordinate(&key, COSE_X, out->x) &&
	       coordinate(&key, COSE_Y, out->y);
}

/* A new key pair for each agreement. One of 2^32 random numbers is not below the curve's order. */
static enum cause make_pair(struct ctap *c, struct error *err)
{
	for (int i = 0; i < 8; i++) {
		if (!c->random(c->secrets->scalar, sizeof(c->secrets->scalar)))
			break;
		if (p256_public(c->secrets->scalar, &c->ours))
			return CAUSE_OK;
	}
	return no_random(err);
}

enum cause ctap_agree(struct ctap *c, unsigned protocol, struct error *err)
{
	struct ctap_secrets *s = c->secrets;
	struct p256_point peer;
	enum cause cause;

	begin_pin(c, 0, protocol, GET_KEY_AGREEMENT);
	cause = call(c, err);
	if (cause || c->status)
		return cause;
	if (!read_peer(&c->map, &peer))
		return malformed(err, "public key");
	cause = make_pair(c, err);
	if (cause)
		return cause;
	if (!p256_shared(s->scalar, &peer, s->z))
		return malformed(err, "public key");
	pinuv_derive(&s->shared, protocol, s->z);
	return CAUSE_OK;
}

enum cause ctap_pin_tries(struct ctap *c, unsigned protocol, unsigned *left, bool *unplug, struct error *err)
{
	struct cbor v;
	enum cause cause;

	begin_pin(c, 0, protocol, GET_RETRIES);
	cause = call(c, err);
	if (cause || c->status)
		return cause;
	if (!cbor_at(&c->map, ANSWER_RETRIES, &v) || v.kind != CBOR_UINT || v.value > 255)
		return malformed(err, "number of PIN tries");
	*left = (unsigned)v.value;
	*unplug = cbor_at(&c->map, ANSWER_POWER_CYCLE, &v) && cbor_is_true(&v);
	return CAUSE_OK;
}

/* Write our key as member @key_name, and what is encrypted of @text as @text_name. */
static enum cause put_sealed(struct ctap *c, int key_name, int text_name, struct bytes text,
	struct bytes *sealed, struct error *err)
{
	struct bytes x = {c->ours.x, sizeof(c->ours.x)}, y = {c->ours.y, sizeof(c->ours.y)};
	uint8_t iv[PINUV_IV_BYTES];

	if (!c->random(iv, sizeof(iv)))
		return no_random(err);
	sealed->data = c->secrets->sealed;
	sealed->len = pinuv_encrypt(&c->secrets->shared, iv, text.data, text.len, c->secrets->sealed);
	cbor_write(&c->out, "%d " OUR_KEY "%d %b", key_name, &x, &y, text_name, sealed);
	return CAUSE_OK;
}

enum cause ctap_get_pin_token(struct ctap *c, const struct ctap_info *info, const char *rp, struct error *err)
{
	bool permissions = info->pin_permissions;
	struct ctap_secrets *s = c->secrets;
	struct bytes b;
	struct cbor v;
	enum cause cause;

	begin_pin(c, permissions ? 4 : 2, info->protocol,
		permissions ? GET_PIN_TOKEN_WITH_PERMISSIONS : GET_PIN_TOKEN);
	cause = put_sealed(c, 3, 6, (struct bytes){s->pin_hash, sizeof(s->pin_hash)}, &b, err);
	if (cause)
		return cause;
	if (permissions)
		cbor_write(&c->out, "9 2 10 %s", rp); /* for assertions, and this RP only */
	s->pin_token_len = 0;
	cause = call(c, err);
	if (cause || c->status)
		return cause;
	/* 16 or 32 bytes with protocol one, 32 with two (6.5.6, 6.5.7). */
	if (!cbor_at(&c->map, ANSWER_TOKEN, &v) || !cbor_bytes(&v, &b) ||
		!pinuv_decrypt(&s->shared, b, s->pin_token, sizeof(s->pin_token), &s->pin_token_len))
		return malformed(err, "PIN token");
	return CAUSE_OK;
}

/* --- getAssertion ------------------------------------------------------------------------ */

/* Members 1 to 3 of all: which credential. */
static void begin_assertion(struct ctap *c, const struct fido2_token *t, const char *map)
{
	struct bytes credential = {t->credential, t->credential_len};

	begin(c, GET_ASSERTION);
	cbor_write(&c->out, map);
	cbor_write(&c->out, "1 %s 2 %b 3 [1 {2 'id' %b 'type' 'public-key'", t->rp, &client_data_hash,
		&credential);
}

enum cause ctap_preflight(struct ctap *c, const struct fido2_token *t, struct error *err)
{
	begin_assertion(c, t, "{4");
	cbor_write(&c->out, "5 {1 'up' %o", false);
	return call(c, err);
}

/* Member 4: the salt, encrypted and authenticated (12.5). */
static enum cause put_hmac_secret(struct ctap *c, const struct fido2_token *t, struct error *err)
{
	const struct pinuv *shared = &c->secrets->shared;
	uint8_t mac[PINUV_MAC_MAX_BYTES];
	struct bytes sealed, b = {mac, 0};
	enum cause cause;

	cbor_write(&c->out,
		shared->protocol == PINUV_ONE ? "4 {1 'hmac-secret' {3" : "4 {1 'hmac-secret' {4");
	cause = put_sealed(c, 1, 2, (struct bytes){t->salt, sizeof(t->salt)}, &sealed, err);
	if (cause)
		return cause;
	b.len = pinuv_authenticate(shared->protocol, (struct bytes){shared->mac_key, sizeof(shared->mac_key)},
		sealed, mac);
	cbor_write(&c->out, "3 %b", &b);
	if (shared->protocol != PINUV_ONE)
		cbor_write(&c->out, "4 %d", shared->protocol);
	return CAUSE_OK;
}

/* Members 6 and 7: that the PIN was right. */
static void put_authentication(struct ctap *c)
{
	const struct ctap_secrets *s = c->secrets;
	uint8_t mac[PINUV_MAC_MAX_BYTES];
	struct bytes b = {mac,
		pinuv_authenticate(s->shared.protocol, (struct bytes){s->pin_token, s->pin_token_len},
			client_data_hash, mac)};

	cbor_write(&c->out, "6 %b 7 %d", &b, s->shared.protocol);
}

static enum cause read_secret(struct ctap_secrets *s, const struct cbor *map, struct error *err)
{
	struct cbor v, extensions;
	struct bytes data, sealed;
	const uint8_t *p;
	size_t len;

	if (!cbor_at(map, ANSWER_AUTH_DATA, &v) || !cbor_bytes(&v, &data) || data.len < AUTH_HEAD_BYTES)
		return malformed(err, "authenticator data");
	p = data.data;
	/* An attested credential would precede the extensions; assertions have none. */
	if ((p[AUTH_FLAGS] & (FLAG_ATTESTED | FLAG_EXTENSIONS)) != FLAG_EXTENSIONS ||
		!cbor_open((struct bytes){p + AUTH_HEAD_BYTES, data.len - AUTH_HEAD_BYTES}, &extensions) ||
		!cbor_named(&extensions, "hmac-secret", &v) || !cbor_bytes(&v, &sealed))
		return malformed(err, "hmac-secret");
	if (!pinuv_decrypt(&s->shared, sealed, s->output, sizeof(s->output), &len) ||
		len != sizeof(s->output))
		return malformed(err, "secret of 32 bytes");
	return CAUSE_OK;
}

enum cause ctap_get_secret(struct ctap *c, const struct fido2_token *t, struct ctap_ask ask,
	struct error *err)
{
	enum cause cause;

	begin_assertion(c, t, ask.pin ? "{7" : "{5");
	cause = put_hmac_secret(c, t, err);
	if (cause)
		return cause;
	cbor_write(&c->out, ask.verification ? "5 {2 'up' %o 'uv' %o" : "5 {1 'up' %o", ask.touch, true);
	if (ask.pin)
		put_authentication(c);
	cause = call(c, err);
	return cause || c->status ? cause : read_secret(c->secrets, &c->map, err);
}
