/* SPDX-License-Identifier: MIT */
/* fido2_token - what a systemd-fido2 token says, as systemd-cryptenroll writes it (systemd 248 and later). */
#ifndef FIDO2_FIDO2_TOKEN_H
#define FIDO2_FIDO2_TOKEN_H

#include "base/cause.h"
#include "base/bytes.h"

enum {
	TOKEN_CREDENTIAL_MAX_BYTES = 1023, /* CTAP 2.1, 6.1.2: what keys are built for */
	TOKEN_SALT_BYTES = 32,             /* hmac-secret takes no other (12.5) */
	TOKEN_RP_MAX_BYTES = 253,          /* a domain name */
};

/* systemd 248 did not write these members. */
enum token_choice { TOKEN_NO, TOKEN_YES, TOKEN_NOT_SAID };

struct fido2_token {
	uint8_t credential[TOKEN_CREDENTIAL_MAX_BYTES];
	size_t credential_len;
	uint8_t salt[TOKEN_SALT_BYTES];
	char rp[TOKEN_RP_MAX_BYTES + 1];
	enum token_choice pin, touch, verification;
};

/*
 * Read @len bytes of JSON. Members that are not known here are passed over unless they begin with "fido2-".
 * Fails: CAUSE_DAMAGED, CAUSE_UNSUPPORTED (another type, a salt of another length, an unknown member),
 * CAUSE_RESOURCE.
 */
enum cause fido2_token_read(const char *json, size_t len, struct fido2_token *out,
	struct error *err) MUST_USE;

#endif
