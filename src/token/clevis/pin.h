/* SPDX-License-Identifier: MIT */
/*
 * pin - a clevis token to its pins: JSON Web Encryptions (RFC 7516) that say in their header how their key is
 * found. tang has a server for it; sss has pins again, of which some give it together.
 */
#ifndef TOKEN_CLEVIS_PIN_H
#define TOKEN_CLEVIS_PIN_H

#include "crypto/gcm.h"
#include "crypto/p521.h"
#include "token/clevis/shamir.h"
#include "token/clevis/url.h"

enum {
	PINS_MAX = 26, /* of their servers there is a descriptor each: latchkey gives a program 32 */
	PIN_DEPTH_MAX = 4,
	PIN_TEXT_BYTES = 192 << 10,
	PIN_NAME_BYTES = 16,
	PIN_SECRET_MAX_BYTES = 512,
	/* The SHA-256 of a key, or the SHA-1, in base64url. */
	PIN_KID_CHARS = 43,
	PIN_OLD_KID_CHARS = 27,
};

enum pin_kind { PIN_TANG, PIN_SSS, PIN_OTHER };

struct pin {
	enum pin_kind kind;
	int parent; /* its number; -1: it gives the passphrase itself */
	unsigned depth;
	char name[PIN_NAME_BYTES]; /* what the header calls it; printable */
	/* Why it is PIN_OTHER. */
	struct error why;

	/* In base64url: what is encrypted, and what else its tag covers. */
	struct bytes protected, ciphertext;
	uint8_t iv[GCM_IV_BYTES], tag[GCM_TAG_BYTES];

	/* tang: the client's point, and the server's key with its name there */
	struct url url;
	struct p521_point client, server;
	char kid[PIN_KID_CHARS + 1];

	/* sss: so many of its pins, whose parent this is, give the key */
	uint32_t threshold;
	uint8_t prime[SHAMIR_BYTES];
};

/* The first is the token's own; each is behind its parent. */
struct pins {
	struct pin at[PINS_MAX];
	unsigned count;
	char text[PIN_TEXT_BYTES]; /* that they have views of */
	size_t used;
};

/*
 * Read a token of type clevis. A pin of sss that is damaged or not supported becomes PIN_OTHER.
 * Fails: CAUSE_DAMAGED, CAUSE_UNSUPPORTED, CAUSE_RESOURCE.
 */
enum cause pins_read(const char *token, size_t len, struct pins *out, struct error *err) MUST_USE;

/* May this pin give something, as far as its kind and those below it go? */
bool pin_can_give(const struct pins *p, unsigned number);

/*
 * Read the point of a key (RFC 7517; RFC 7518, 6.2.1). False when @jwk is no key on P-521; whether the point
 * is on the curve is seen when it is used.
 */
struct json;
bool pin_point(const struct json *jwk, struct p521_point *out);

/*
 * Decrypt with the key that was found. @out has room for PIN_SECRET_MAX_BYTES. False when it is the wrong
 * key, or what is encrypted is empty or longer.
 */
bool pin_decrypt(const struct pin *pin, const uint8_t key[GCM_KEY_BYTES], uint8_t *out, size_t *len);

#endif
