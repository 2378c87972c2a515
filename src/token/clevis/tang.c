/* SPDX-License-Identifier: MIT */
/* tang - see tang.h. */
#include "token/clevis/tang.h"
#include "base/text.h"
#include "crypto/hmac.h"
#include "format/json.h"
#include "secret/wipe.h"
#include "token/clevis/base64url.h"

bool tang_ask(const struct pin *pin, bool (*get_random)(void *out, size_t len), uint8_t blind[P521_BYTES],
	char body[static TANG_BODY_BYTES])
{
	char x[BASE64URL_CHARS(P521_BYTES) + 4], y[sizeof(x)];
	struct p521_point asked = pin->client;

	do
		if (!get_random(blind, P521_BYTES))
			return false;
	while (!p521_scalar(blind));
	if (!p521_add(&asked, NULL, blind))
		return false;
	base64url_encode(asked.bytes + P521_X, P521_BYTES, x);
	base64url_encode(asked.bytes + P521_Y, P521_BYTES, y);
	text_format(body, TANG_BODY_BYTES,
		"{\"alg\":\"ECMR\",\"crv\":\"P-521\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
	return true;
}

/* The Concat KDF (RFC 7518, 4.6.2) for A256GCM, without party information. */
static void derive(const uint8_t z[P521_BYTES], uint8_t key[GCM_KEY_BYTES])
{
	/* Lengths in front of the algorithm and of two parties; the bits of the key. */
	static const char round[] = "\0\0\0\1", info[] = "\0\0\0\7A256GCM\0\0\0\0\0\0\0\0\0\0\1";
	const struct bytes parts[] = {{round, sizeof(round) - 1}, {z, P521_BYTES}, {info, sizeof(info)}};

	hmac_sha256(parts, 3, key);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The reader of JSON takes no blanks around it; some servers end it with a newline. */
static struct bytes trim(struct bytes text)
{
	const char *s = text.data;

	for (; text.len && is_blank(*s); s++)
		text.len--;
	while (text.len && is_blank(s[text.len - 1]))
		text.len--;
	return (struct bytes){s, text.len};
}

enum cause tang_key(const struct pin *pin, const uint8_t blind[P521_BYTES], struct bytes answer,
	uint8_t key[GCM_KEY_BYTES], struct error *err)
{
	struct p521_point point;
	const struct json *root;
	uint8_t minus[P521_BYTES];
	bool is_point, ok;

	answer = trim(answer);
	is_point = !json_open(answer.data, answer.len, &root, err) && pin_point(root, &point);
	json_close();
	if (!is_point)
		return error_set(err, CAUSE_DEVICE, "the answer is not a P-521 key");
	p521_negate(blind, minus);
	ok = p521_add(&point, &pin->server, minus);
	derive(point.bytes + P521_X, key);
	wipe(minus, sizeof(minus));
	wipe(&point, sizeof(point));
	wipe_stack();
	return ok ? CAUSE_OK : error_set(err, CAUSE_DEVICE, "the answer is not a point on the curve");
}
