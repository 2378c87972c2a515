/* SPDX-License-Identifier: MIT */
/* url - the address of a tang server: http://HOST[:PORT][/PATH], as clevis gives it to curl. */
#ifndef TOKEN_CLEVIS_URL_H
#define TOKEN_CLEVIS_URL_H

#include "base/cause.h"
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum { URL_MAX_CHARS = 255 };

/* An address of a server, of either kind. */
union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct url {
	char text[URL_MAX_CHARS + 1];      /* as it was given */
	char host[URL_MAX_CHARS + 1];      /* without brackets */
	char authority[URL_MAX_CHARS + 1]; /* host and port, for the line Host */
	char path[URL_MAX_CHARS + 1];      /* without a slash at its end; "" when there is none */
	uint16_t port;
};

/*
 * Read @text. Without a scheme it is http. Everything in @out but its text is printable.
 * Fails: CAUSE_DAMAGED (no address), CAUSE_UNSUPPORTED (https or another scheme, a user, a zone, a query).
 */
enum cause url_read(const char *text, struct url *out, struct error *err) MUST_USE;

/* The address that @text is: four decimal numbers, or IPv6 (RFC 4291, 2.2) without a zone. False: a name. */
bool url_read_address(const char *text, uint16_t port, union address *out);

#endif
