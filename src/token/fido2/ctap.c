/* SPDX-License-Identifier: MIT */
/* ctap - see ctap.h. Numbers of commands and members are named as CTAP 2.1 names them. */
#include "token/fido2/ctap.h"
#include <string.h>

enum { GET_ASSERTION = 2, GET_INFO = 4, CLIENT_PIN = 6 };
enum { INFO_EXTENSIONS = 2, INFO_OPTIONS = 4, INFO_MAX_MSG_SIZE = 5, INFO_PROTOCOLS = 6, MESSAGE_MIN_BYTES = 1024 };
enum { PIN_PROTOCOL = 1, PIN_SUBCOMMAND, PIN_KEY_AGREEMENT, PIN_HASH_ENC = 6, PIN_PERMISSIONS = 9, PIN_RP = 10 };
enum { GET_RETRIES = 1, GET_KEY_AGREEMENT = 2, GET_PIN_TOKEN = 5, GET_PIN_TOKEN_WITH_PERMISSIONS = 9 };
enum { ANSWER_KEY_AGREEMENT = 1, ANSWER_TOKEN = 2, ANSWER_RETRIES = 3, ANSWER_POWER_CYCLE = 4 };
enum { ASSERT_RP = 1, ASSERT_HASH, ASSERT_ALLOW, ASSERT_EXTENSIONS, ASSERT_OPTIONS, ASSERT_AUTH, ASSERT_PROTOCOL };
enum { ANSWER_AUTH_DATA = 2, PERMISSION_ASSERT = 2 };
enum { HMAC_KEY_AGREEMENT = 1, HMAC_SALT_ENC, HMAC_SALT_AUTH, HMAC_PROTOCOL };
/* COSE_Key (RFC 9053, section 7.1). */
enum { COSE_KTY = 1, COSE_ALG = 3, COSE_CRV = -1, COSE_X = -2, COSE_Y = -3 };
enum { KTY_EC2 = 2, ALG_ECDH_ES_HKDF_256 = -25, CRV_P256 = 1 };
/* Authenticator data (WebAuthn, 6.1): the hash of the RP, flags, a counter, then the extensions' map. */
enum { AUTH_FLAGS = 32, AUTH_HEAD_BYTES = 37, FLAG_ATTESTED = 0x40, FLAG_EXTENSIONS = 0x80 };

/* Every assertion is over this hash: nobody looks at its signature. */
static const uint8_t client_data_hash[32];

static struct cbor_out begin(struct ctap *c, uint8_t command, unsigned pairs)
{
	struct cbor_out o = {c->message, sizeof(c->message), 1, false};

	c->message[0] = command;
	cbor_put_map(&o, pairs);
	return o;
}

static enum cause malformed(struct error *err, const char *what)
{
	return error_set(err, CAUSE_DEVICE, "the security key's answer has no proper %s", what);
}

/* Send what was written; @out is the answer's map, if @status is 0, and lives until the next call. */
static enum cause call(struct ctap *c, const struct cbor_out *o, unsigned *status, struct cbor *out, struct error *err)
{
	struct bytes body = {c->answer + 1, 0};
	size_t got = 0;
	enum cause cause;

	if (o->full || o->used > c->message_max_bytes)
		return error_set(err, CAUSE_DEVICE, "the token's credential is too long for this security key, "
			"which takes messages of %llu bytes", (unsigned long long)c->message_max_bytes);
	cause = hid_exchange(&c->hid, (struct bytes){c->message, o->used}, c->answer, sizeof(c->answer), &got, err);
	if (cause)
		return cause;
	if (!got)
		return malformed(err, "status");
	*status = c->answer[0];
	body.len = got - 1;
	if (!*status && (!cbor_open(body, out) || out->kind != CBOR_MAP))
		return malformed(err, "CBOR map");
	return CAUSE_OK;
}

static enum cause no_random(struct error *err)
{
	return error_set(err, CAUSE_KERNEL, "the kernel gives no random numbers");
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
	struct cbor_out o = {c->message, sizeof(c->message), 1, false};
	struct cbor map, v;
	struct cbor_walk w = {.left = 0};
	unsigned status;
	enum cause cause;

	c->message[0] = GET_INFO; /* it has no parameters */
	cause = call(c, &o, &status, &map, err);
	if (!cause && status)
		return error_set(err, CAUSE_DEVICE, "the security key does not say what it is: status 0x%02x", status);
	if (cause)
		return cause;
	*info = (struct ctap_info){0};
	read_options(&map, info);
	read_protocols(&map, info);
	if (cbor_at(&map, INFO_EXTENSIONS, &v))
		w = cbor_items(&v);
	while (cbor_next(&w, &v))
		info->hmac_secret |= cbor_is_text(&v, "hmac-secret");
	if (cbor_at(&map, INFO_MAX_MSG_SIZE, &v) && v.kind == CBOR_UINT && v.value > MESSAGE_MIN_BYTES)
		c->message_max_bytes = v.value < CTAP_MESSAGE_BYTES ? (size_t)v.value : CTAP_MESSAGE_BYTES;
	return CAUSE_OK;
}

/* --- clientPIN --------------------------------------------------------------------------- */

static struct cbor_out begin_pin(struct ctap *c, unsigned pairs, unsigned protocol, unsigned subcommand)
{
	struct cbor_out o = begin(c, CLIENT_PIN, pairs);

	cbor_put_int(&o, PIN_PROTOCOL);
	cbor_put_int(&o, (int)protocol);
	cbor_put_int(&o, PIN_SUBCOMMAND);
	cbor_put_int(&o, (int)subcommand);
	return o;
}

static void put_our_key(struct cbor_out *o, const struct p256_point *p)
{
	cbor_put_map(o, 5);
	cbor_put_int(o, COSE_KTY);
	cbor_put_int(o, KTY_EC2);
	cbor_put_int(o, COSE_ALG);
	cbor_put_int(o, ALG_ECDH_ES_HKDF_256);
	cbor_put_int(o, COSE_CRV);
	cbor_put_int(o, CRV_P256);
	cbor_put_int(o, COSE_X);
	cbor_put_bytes(o, p->x, sizeof(p->x));
	cbor_put_int(o, COSE_Y);
	cbor_put_bytes(o, p->y, sizeof(p->y));
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

	return cbor_at(map, ANSWER_KEY_AGREEMENT, &key) && cbor_at(&key, COSE_KTY, &v) && v.kind == CBOR_UINT &&
		v.value == KTY_EC2 && cbor_at(&key, COSE_CRV, &v) && v.kind == CBOR_UINT && v.value == CRV_P256 &&
		coordinate(&key, COSE_X, out->x) && coordinate(&key, COSE_Y, out->y);
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

enum cause ctap_agree(struct ctap *c, unsigned protocol, unsigned *status, struct error *err)
{
	struct cbor_out o = begin_pin(c, 2, protocol, GET_KEY_AGREEMENT);
	struct ctap_secrets *s = c->secrets;
	struct p256_point peer;
	struct cbor map;
	enum cause cause = call(c, &o, status, &map, err);

	if (cause || *status)
		return cause;
	if (!read_peer(&map, &peer))
		return malformed(err, "public key");
	cause = make_pair(c, err);
	if (cause)
		return cause;
	if (!p256_shared(s->scalar, &peer, s->z))
		return error_set(err, CAUSE_DEVICE, "the security key's public key is no point of the curve");
	pinuv_derive(&s->shared, protocol, s->z);
	return CAUSE_OK;
}

enum cause ctap_pin_tries(struct ctap *c, unsigned protocol, unsigned *left, bool *unplug, unsigned *status,
	struct error *err)
{
	struct cbor_out o = begin_pin(c, 2, protocol, GET_RETRIES);
	struct cbor map, v;
	enum cause cause = call(c, &o, status, &map, err);

	if (cause || *status)
		return cause;
	if (!cbor_at(&map, ANSWER_RETRIES, &v) || v.kind != CBOR_UINT || v.value > 255)
		return malformed(err, "number of PIN tries");
	*left = (unsigned)v.value;
	*unplug = cbor_at(&map, ANSWER_POWER_CYCLE, &v) && cbor_is_true(&v);
	return CAUSE_OK;
}

/* The random bytes that an encryption begins with. */
static enum cause encrypt(struct ctap *c, const uint8_t *text, size_t len, uint8_t *out, size_t *out_len,
	struct error *err)
{
	uint8_t iv[PINUV_IV_BYTES];

	if (!c->random(iv, sizeof(iv)))
		return no_random(err);
	*out_len = pinuv_encrypt(&c->secrets->shared, iv, text, len, out);
	return CAUSE_OK;
}

enum cause ctap_get_pin_token(struct ctap *c, const struct ctap_info *info, const char *rp, unsigned *status,
	struct error *err)
{
	bool permissions = info->pin_permissions;
	struct cbor_out o = begin_pin(c, permissions ? 6 : 4, info->protocol,
		permissions ? GET_PIN_TOKEN_WITH_PERMISSIONS : GET_PIN_TOKEN);
	struct ctap_secrets *s = c->secrets;
	uint8_t sealed[PINUV_SEALED_MAX_BYTES];
	struct cbor map, v;
	struct bytes b;
	size_t len = 0;
	enum cause cause = encrypt(c, s->pin_hash, sizeof(s->pin_hash), sealed, &len, err);

	if (cause)
		return cause;
	cbor_put_int(&o, PIN_KEY_AGREEMENT);
	put_our_key(&o, &c->ours);
	cbor_put_int(&o, PIN_HASH_ENC);
	cbor_put_bytes(&o, sealed, len);
	if (permissions) {
		cbor_put_int(&o, PIN_PERMISSIONS);
		cbor_put_int(&o, PERMISSION_ASSERT);
		cbor_put_int(&o, PIN_RP);
		cbor_put_text(&o, rp);
	}
	s->pin_token_len = 0;
	cause = call(c, &o, status, &map, err);
	if (cause || *status)
		return cause;
	/* 16 or 32 bytes with protocol one, 32 with two (6.5.6, 6.5.7). */
	if (!cbor_at(&map, ANSWER_TOKEN, &v) || !cbor_bytes(&v, &b) ||
		!pinuv_decrypt(&s->shared, b, s->pin_token, sizeof(s->pin_token), &s->pin_token_len))
		return malformed(err, "PIN token");
	return CAUSE_OK;
}

/* --- getAssertion ------------------------------------------------------------------------ */

/* Members 1 to 3: which credential. */
static struct cbor_out begin_assertion(struct ctap *c, const struct fido2_token *t, unsigned pairs)
{
	struct cbor_out o = begin(c, GET_ASSERTION, pairs);

	cbor_put_int(&o, ASSERT_RP);
	cbor_put_text(&o, t->rp);
	cbor_put_int(&o, ASSERT_HASH);
	cbor_put_bytes(&o, client_data_hash, sizeof(client_data_hash));
	cbor_put_int(&o, ASSERT_ALLOW);
	cbor_put_array(&o, 1);
	cbor_put_map(&o, 2);
	cbor_put_text(&o, "id");
	cbor_put_bytes(&o, t->credential, t->credential_len);
	cbor_put_text(&o, "type");
	cbor_put_text(&o, "public-key");
	return o;
}

enum cause ctap_preflight(struct ctap *c, const struct fido2_token *t, unsigned *status, struct error *err)
{
	struct cbor_out o = begin_assertion(c, t, 4);
	struct cbor map;

	cbor_put_int(&o, ASSERT_OPTIONS);
	cbor_put_map(&o, 1);
	cbor_put_text(&o, "up");
	cbor_put_bool(&o, false);
	return call(c, &o, status, &map, err);
}

/* Member 4: the salt, encrypted and authenticated (12.5). */
static enum cause put_hmac_secret(struct ctap *c, struct cbor_out *o, const struct fido2_token *t, struct error *err)
{
	const struct pinuv *shared = &c->secrets->shared;
	uint8_t sealed[PINUV_SEALED_MAX_BYTES], mac[PINUV_MAC_MAX_BYTES];
	size_t len = 0, mac_len;
	enum cause cause = encrypt(c, t->salt, sizeof(t->salt), sealed, &len, err);

	if (cause)
		return cause;
	mac_len = pinuv_authenticate(shared->protocol, (struct bytes){shared->mac_key, sizeof(shared->mac_key)},
		(struct bytes){sealed, len}, mac);
	cbor_put_int(o, ASSERT_EXTENSIONS);
	cbor_put_map(o, 1);
	cbor_put_text(o, "hmac-secret");
	cbor_put_map(o, shared->protocol == PINUV_ONE ? 3 : 4);
	cbor_put_int(o, HMAC_KEY_AGREEMENT);
	put_our_key(o, &c->ours);
	cbor_put_int(o, HMAC_SALT_ENC);
	cbor_put_bytes(o, sealed, len);
	cbor_put_int(o, HMAC_SALT_AUTH);
	cbor_put_bytes(o, mac, mac_len);
	if (shared->protocol != PINUV_ONE) {
		cbor_put_int(o, HMAC_PROTOCOL);
		cbor_put_int(o, (int)shared->protocol);
	}
	return CAUSE_OK;
}

static void put_options(struct cbor_out *o, struct ctap_ask ask)
{
	cbor_put_int(o, ASSERT_OPTIONS);
	cbor_put_map(o, ask.verification ? 2 : 1);
	cbor_put_text(o, "up");
	cbor_put_bool(o, ask.touch);
	if (ask.verification) {
		cbor_put_text(o, "uv");
		cbor_put_bool(o, true);
	}
}

static void put_authentication(struct cbor_out *o, const struct ctap_secrets *s)
{
	uint8_t mac[PINUV_MAC_MAX_BYTES];
	size_t len = pinuv_authenticate(s->shared.protocol, (struct bytes){s->pin_token, s->pin_token_len},
		(struct bytes){client_data_hash, sizeof(client_data_hash)}, mac);

	cbor_put_int(o, ASSERT_AUTH);
	cbor_put_bytes(o, mac, len);
	cbor_put_int(o, ASSERT_PROTOCOL);
	cbor_put_int(o, (int)s->shared.protocol);
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
	/* An attested credential would stand in front of the extensions; assertions have none. */
	if ((p[AUTH_FLAGS] & (FLAG_ATTESTED | FLAG_EXTENSIONS)) != FLAG_EXTENSIONS ||
		!cbor_open((struct bytes){p + AUTH_HEAD_BYTES, data.len - AUTH_HEAD_BYTES}, &extensions) ||
		!cbor_named(&extensions, "hmac-secret", &v) || !cbor_bytes(&v, &sealed))
		return malformed(err, "hmac-secret");
	if (!pinuv_decrypt(&s->shared, sealed, s->output, sizeof(s->output), &len) || len != sizeof(s->output))
		return malformed(err, "secret of 32 bytes");
	return CAUSE_OK;
}

enum cause ctap_get_secret(struct ctap *c, const struct fido2_token *t, struct ctap_ask ask, unsigned *status,
	struct error *err)
{
	struct cbor_out o = begin_assertion(c, t, ask.pin ? 7 : 5);
	enum cause cause = put_hmac_secret(c, &o, t, err);
	struct cbor map;

	if (cause)
		return cause;
	put_options(&o, ask);
	if (ask.pin)
		put_authentication(&o, c->secrets);
	cause = call(c, &o, status, &map, err);
	if (cause || *status)
		return cause;
	return read_secret(c->secrets, &map, err);
}
