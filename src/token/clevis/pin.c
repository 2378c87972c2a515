/* SPDX-License-Identifier: MIT */
/* pin - see pin.h. */
#include "token/clevis/pin.h"
#include "base/text.h"
#include "crypto/hmac.h"
#include "format/json.h"
#include "token/clevis/base64url.h"
#include <string.h>

/* --- the text ------------------------------------------------------------------------------- */

/* Room for @len more bytes of it; NULL: there is none left. */
static char *take(struct pins *p, size_t len)
{
	char *at = p->text + p->used;

	if (len > sizeof(p->text) - p->used)
		return NULL;
	p->used += len;
	return at;
}

static enum cause too_long(struct error *err)
{
	return error_set(err, CAUSE_UNSUPPORTED, "the token's pins have more than %d bytes", PIN_TEXT_BYTES);
}

static enum cause damaged(struct error *err, const char *what)
{
	return error_set(err, CAUSE_DAMAGED, "token: %s", what);
}

/* Keep a string of a document that is going to be closed. */
static enum cause keep(struct pins *p, const char *text, struct bytes *out, struct error *err)
{
	size_t len = strlen(text);
	char *at = take(p, len);

	if (!at)
		return too_long(err);
	memcpy(at, text, len);
	*out = (struct bytes){at, len};
	return CAUSE_OK;
}

/* --- keys ----------------------------------------------------------------------------------- */

static bool is_text(const struct json *object, const char *name, const char *value)
{
	const char *s = json_string(json_member(object, name));

	return s && !strcmp(s, value);
}

bool pin_point(const struct json *jwk, struct p521_point *out)
{
	out->bytes[0] = 4;
	return is_text(jwk, "kty", "EC") && is_text(jwk, "crv", "P-521") &&
	       base64url_exact(json_string(json_member(jwk, "x")), out->bytes + P521_X, P521_BYTES) &&
	       base64url_exact(json_string(json_member(jwk, "y")), out->bytes + P521_Y, P521_BYTES);
}

/* Is @kid the thumbprint (RFC 7638) of this key, by either hash? The key's own text may have more members. */
static bool is_named(const struct p521_point *point, const char *kid)
{
	char x[BASE64URL_CHARS(P521_BYTES) + 4], y[sizeof(x)], text[64 + 2 * sizeof(x)],
		name[PIN_KID_CHARS + 4];
	uint8_t digest[HMAC_BYTES];
	struct bytes whole = {text, 0};
	bool old = strlen(kid) == PIN_OLD_KID_CHARS;

	base64url_encode(point->bytes + P521_X, P521_BYTES, x);
	base64url_encode(point->bytes + P521_Y, P521_BYTES, y);
	whole.len = text_format(text, sizeof(text),
		"{\"crv\":\"P-521\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
	if (old)
		hmac_sha1(&whole, 1, digest);
	else
		hmac_sha256(&whole, 1, digest);
	base64url_encode(digest, old ? HMAC_SHA1_BYTES : HMAC_BYTES, name);
	return !strcmp(name, kid);
}

/* --- what a header says --------------------------------------------------------------------- */

static enum cause read_tang(const struct json *header, const struct json *tang, struct pin *out,
	struct error *err)
{
	const char *kid = json_string(json_member(header, "kid"));
	const char *url = json_string(json_member(tang, "url"));
	const struct json *epk = json_member(header, "epk"),
			  *keys = json_member(json_member(tang, "adv"), "keys");

	if (!kid || (strlen(kid) != PIN_KID_CHARS && strlen(kid) != PIN_OLD_KID_CHARS))
		return damaged(err, "kid is not the thumbprint of a key");
	if (!url || !json_is_array(keys))
		return damaged(err, "tang has no url or no adv with keys");
	if (json_is_object(epk) && !is_text(epk, "crv", "P-521"))
		return error_set(err, CAUSE_UNSUPPORTED, "the server's key is not on the curve P-521");
	if (!pin_point(epk, &out->client))
		return damaged(err, "epk is not a P-521 key");
	memcpy(out->kid, kid, strlen(kid) + 1);
	for (const struct json *k = json_first(keys); k; k = json_next(k))
		if (pin_point(k, &out->server) && is_named(&out->server, kid))
			return url_read(url, &out->url, err);
	return damaged(err, "adv has no key with the thumbprint of kid");
}

static enum cause add_pin(struct pins *p, int parent, const char *compact, struct error *err)
{
	struct pin *child = &p->at[p->count];

	if (!compact)
		return damaged(err, "a pin of sss is not a string");
	if (p->count == PINS_MAX)
		return error_set(err, CAUSE_UNSUPPORTED, "more than %d pins", PINS_MAX);
	memset(child, 0, sizeof(*child));
	child->parent = parent;
	child->depth = p->at[parent].depth + 1;
	p->count++;
	return keep(p, compact, &child->protected, err);
}

static enum cause read_sss(const struct json *sss, struct pins *p, int number, struct error *err)
{
	const struct json *pins = json_member(sss, "jwe");
	struct pin *out = &p->at[number];
	unsigned first = p->count;
	enum cause cause = CAUSE_OK;

	if (!json_is_array(pins) || !json_u32(json_member(sss, "t"), &out->threshold) || !out->threshold)
		return damaged(err, "sss has no threshold or no list of pins");
	if (!base64url_exact(json_string(json_member(sss, "p")), out->prime, SHAMIR_BYTES))
		return error_set(err, CAUSE_UNSUPPORTED, "the prime of sss does not have 256 bits");
	if (out->depth == PIN_DEPTH_MAX)
		return error_set(err, CAUSE_UNSUPPORTED, "sss is nested deeper than %d", PIN_DEPTH_MAX);
	for (const struct json *v = json_first(pins); v && !cause; v = json_next(v))
		cause = add_pin(p, number, json_string(v), err);
	if (!cause && out->threshold > p->count - first)
		cause = damaged(err, "sss needs more pins than it has");
	if (cause)
		p->count = first;
	return cause;
}

/* What is not known may change how the key is found. */
static enum cause find_unknown(const struct json *header, struct error *err)
{
	static const char *const known[] = {"alg", "enc", "kid", "epk", "clevis"};

	for (const struct json *v = json_first(header); v; v = json_next(v)) {
		size_t i = 0;

		while (i < sizeof(known) / sizeof(*known) && strcmp(known[i], json_name(v)) != 0)
			i++;
		if (i == sizeof(known) / sizeof(*known))
			return error_set(err, CAUSE_UNSUPPORTED, "token: unknown member %s", json_name(v));
	}
	return CAUSE_OK;
}

static enum cause read_header(const struct json *header, struct pins *p, int number, struct error *err)
{
	struct pin *out = &p->at[number];
	const struct json *clevis = json_member(header, "clevis");
	const char *name = json_string(json_member(clevis, "pin"));
	enum cause cause;

	if (!name || !*name)
		return damaged(err, "a pin has no name");
	text_format(out->name, sizeof(out->name), "%s", name);
	text_sanitize(out->name);
	out->kind = !strcmp(name, "tang") ? PIN_TANG : !strcmp(name, "sss") ? PIN_SSS : PIN_OTHER;
	if (out->kind == PIN_OTHER)
		return error_set(err, CAUSE_UNSUPPORTED, "the pin %s is not supported", out->name);
	cause = find_unknown(header, err);
	if (cause)
		return cause;
	if (!is_text(header, "enc", "A256GCM") ||
		!is_text(header, "alg", out->kind == PIN_TANG ? "ECDH-ES" : "dir"))
		return error_set(err, CAUSE_UNSUPPORTED, "pin %s: unsupported alg or enc", out->name);
	return out->kind == PIN_TANG ? read_tang(header, json_member(clevis, name), out, err)
	                             : read_sss(json_member(clevis, name), p, number, err);
}

/* --- its form ------------------------------------------------------------------------------- */

/* The part before the next dot. */
static struct bytes part(struct bytes *rest)
{
	const char *s = rest->data, *dot = rest->len ? memchr(s, '.', rest->len) : NULL;
	struct bytes found = {s, dot ? (size_t)(dot - s) : rest->len};

	*rest = dot ? (struct bytes){dot + 1, rest->len - found.len - 1} : (struct bytes){s + rest->len, 0};
	return found;
}

/* From the compact form (RFC 7516, 7.1), in ->protected, to its parts. */
static enum cause split(struct pin *out, struct error *err)
{
	struct bytes rest = out->protected, encrypted_key, iv, tag;
	size_t iv_len, tag_len;

	out->protected = part(&rest);
	encrypted_key = part(&rest);
	iv = part(&rest);
	out->ciphertext = part(&rest);
	tag = part(&rest);
	if (encrypted_key.len || rest.len || !out->protected.len ||
		!base64url_decode(iv, out->iv, sizeof(out->iv), &iv_len) || iv_len != sizeof(out->iv) ||
		!base64url_decode(tag, out->tag, sizeof(out->tag), &tag_len) || tag_len != sizeof(out->tag))
		return damaged(err, "a pin is not a JSON Web Encryption");
	return CAUSE_OK;
}

/* In the flattened form (RFC 7516, 7.2.2) the token has the parts of the first one as its members. */
static enum cause read_token(const struct json *root, struct pins *out, struct error *err)
{
	static const char *const names[] = {"protected", "encrypted_key", "iv", "ciphertext", "tag"};
	const struct json *jwe = json_member(root, "jwe");
	struct bytes piece, *whole = &out->at[0].protected;

	if (!is_text(root, "type", "clevis"))
		return error_set(err, CAUSE_UNSUPPORTED, "token: the type is not clevis");
	*whole = (struct bytes){out->text, 0};
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *text = json_string(json_member(jwe, names[i]));
		enum cause cause;

		if (!text && i != 1)
			return error_set(err, CAUSE_DAMAGED, "token: jwe has no %s", names[i]);
		if (text && strchr(text, '.'))
			return damaged(err, "a pin is not a JSON Web Encryption");
		cause = keep(out, text ? text : "", &piece, err);
		if (cause || (i < 4 && (cause = keep(out, ".", &piece, err))))
			return cause;
	}
	whole->len = out->used;
	return CAUSE_OK;
}

/* The header's text is of use only until what it says was read, but for what is kept behind it. */
static enum cause read_pin(struct pins *p, int number, struct error *err)
{
	struct pin *pin = &p->at[number];
	const struct json *header;
	size_t mark = p->used, len = 0;
	uint8_t *text;
	enum cause cause = split(pin, err);

	if (cause)
		return cause;
	text = (uint8_t *)take(p, pin->protected.len);
	if (!text)
		return too_long(err);
	if (!base64url_decode(pin->protected, text, pin->protected.len, &len))
		return damaged(err, "the header of a pin is not base64url");
	cause = json_open((char *)text, len, &header, err);
	/* The document has copies. */
	p->used = mark;
	if (!cause)
		cause = read_header(header, p, number, err);
	json_close();
	return cause;
}

enum cause pins_read(const char *token, size_t len, struct pins *out, struct error *err)
{
	const struct json *root;
	enum cause cause = json_open(token, len, &root, err);

	out->used = 0;
	out->count = 1;
	memset(&out->at[0], 0, sizeof(out->at[0]));
	out->at[0].parent = -1;
	if (!cause)
		cause = read_token(root, out, err);
	json_close();
	for (unsigned i = 0; i < out->count && !cause; i++) {
		cause = read_pin(out, (int)i, err);
		if (cause && i) {
			out->at[i].kind = PIN_OTHER;
			out->at[i].why = *err;
			cause = CAUSE_OK;
		}
	}
	return cause;
}

bool pin_can_give(const struct pins *p, unsigned number)
{
	const struct pin *pin = &p->at[number];
	unsigned n = 0;

	if (pin->kind != PIN_SSS)
		return pin->kind == PIN_TANG;
	for (unsigned i = number + 1; i < p->count; i++)
		n += p->at[i].parent == (int)number && pin_can_give(p, i);
	return n >= pin->threshold;
}

bool pin_decrypt(const struct pin *pin, const uint8_t key[GCM_KEY_BYTES], uint8_t *out, size_t *len)
{
	return base64url_decode(pin->ciphertext, out, PIN_SECRET_MAX_BYTES, len) && *len &&
	       gcm_decrypt(key, pin->iv, pin->protected, out, *len, pin->tag);
}
