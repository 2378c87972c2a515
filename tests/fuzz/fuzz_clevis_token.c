/* SPDX-License-Identifier: MIT */
/*
 * A token of clevis: whatever is accepted keeps the promises of token/clevis/pin.h. The first byte says
 * whether the rest is a token, or the header of one, which in a token is in base64url.
 */
#include "fuzz.h"
#include "token/clevis/base64url.h"
#include "token/clevis/tang.h"

static struct pins pins;

static void check_view(struct bytes view, const char *what)
{
	const char *at = view.data;

	fuzz_check(!view.len || (at >= pins.text && at + view.len <= pins.text + pins.used), what);
}

static bool no_random(void *out, size_t len)
{
	memset(out, 1, len);
	return true;
}

static void check_tang(const struct pin *pin)
{
	char body[TANG_BODY_BYTES];
	uint8_t blind[P521_BYTES];

	fuzz_check(memchr(pin->kid, 0, sizeof(pin->kid)) && memchr(pin->url.host, 0, sizeof(pin->url.host)),
		"text without an end");
	for (const char *s = pin->url.path; *s; s++)
		fuzz_check(*s > ' ' && *s < 0x7f, "a path that ends the line of a request");
	for (const char *s = pin->url.authority; *s; s++)
		fuzz_check(*s > ' ' && *s < 0x7f, "a host that ends the line of a request");
	fuzz_check(*pin->url.host && pin->url.port, "no host, or no port");
	if (tang_ask(pin, no_random, blind, body))
		fuzz_check(strlen(body) > 200 && strlen(body) < TANG_BODY_BYTES - 1,
			"a question that is cut");
}

static void check_pins(void)
{
	unsigned below[PINS_MAX] = {0};

	fuzz_check(pins.count >= 1 && pins.count <= PINS_MAX && pins.used <= sizeof(pins.text),
		"too many pins");
	fuzz_check(pins.at[0].parent == -1 && pins.at[0].kind != PIN_OTHER, "a first pin that is none");
	for (unsigned i = 0; i < pins.count; i++) {
		const struct pin *pin = &pins.at[i];

		fuzz_check(pin->depth <= PIN_DEPTH_MAX, "too deep");
		fuzz_check_printable(pin->name);
		if (i) {
			fuzz_check(pin->parent >= 0 && pin->parent < (int)i &&
					   pins.at[pin->parent].kind == PIN_SSS &&
					   pins.at[pin->parent].depth + 1 == pin->depth,
				"a parent that is none");
			below[pin->parent]++;
		}
		if (pin->kind == PIN_OTHER) {
			fuzz_check(pin->why.cause && pin->why.text[0], "no reason");
			continue;
		}
		check_view(pin->protected, "a header outside");
		check_view(pin->ciphertext, "a ciphertext outside");
	}
	for (unsigned i = 0; i < pins.count; i++)
		fuzz_check(pins.at[i].kind != PIN_SSS ||
				   (pins.at[i].threshold && pins.at[i].threshold <= below[i]),
			"a threshold that cannot be met");
	if (pins.at[0].kind == PIN_TANG)
		check_tang(&pins.at[0]);
}

/* A token with this header. Returns its bytes. */
static size_t wrap(const uint8_t *header, size_t len, char *out)
{
	static const char front[] = "{\"type\":\"clevis\",\"keyslots\":[\"1\"],\"jwe\":{\"protected\":\"";
	static const char back[] =
		"\",\"encrypted_key\":\"\",\"iv\":\"AAAAAAAAAAAAAAAA\",\"ciphertext\":\"AAAA\","
		"\"tag\":\"AAAAAAAAAAAAAAAAAAAAAA\"}}";

	memcpy(out, front, sizeof(front) - 1);
	base64url_encode(header, len, out + sizeof(front) - 1);
	memcpy(out + sizeof(front) - 1 + BASE64URL_CHARS(len), back, sizeof(back) - 1);
	return sizeof(front) - 1 + BASE64URL_CHARS(len) + sizeof(back) - 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(2 * size + 256), *exact;
	struct error err = {.text = ""};
	enum cause cause;
	size_t len = 0;

	if (!text)
		return 0;
	if (size && data[0] & 1)
		len = wrap(data + 1, size - 1, text);
	else if (size)
		memcpy(text, data + 1, len = size - 1);
	exact = realloc(text, len ? len : 1);
	cause = pins_read(exact, len, &pins, &err);
	free(exact);
	if (!cause)
		check_pins();
	else
		fuzz_check(err.cause == cause && err.text[0] &&
				   (cause == CAUSE_DAMAGED || cause == CAUSE_UNSUPPORTED),
			"another cause than the token's fault, or no sentence");
	return 0;
}
