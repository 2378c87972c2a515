/* SPDX-License-Identifier: MIT */
/* dns - the addresses of a name, from one server (RFC 1035, 4; RFC 3596). */
#ifndef TOKEN_CLEVIS_DNS_H
#define TOKEN_CLEVIS_DNS_H

#include "token/clevis/url.h"
#include <stddef.h>

enum { DNS_MESSAGE_MAX_BYTES = 512, DNS_SERVERS_MAX = 3, DNS_ADDRESSES_MAX = 4 };

enum dns_type { DNS_A = 1, DNS_AAAA = 28 };

/* What /etc/resolv.conf says. */
struct dns {
	union address servers[DNS_SERVERS_MAX];
	unsigned count;
	char domain[URL_MAX_CHARS + 1]; /* for names without a dot; "": none */
};

/* Add what @text, a NUL behind it, says: `nameserver` with an address, `search` and `domain` (the first). */
void dns_read_conf(const char *text, struct dns *out);

/* A question of @name. Returns its bytes; 0: it is no name. */
size_t dns_question(uint8_t out[static DNS_MESSAGE_MAX_BYTES], uint16_t id, const char *name,
	const char *domain, enum dns_type type);

struct dns_found {
	union address at[DNS_ADDRESSES_MAX];
	unsigned count;
};

enum dns_said {
	DNS_OTHER,   /* it is not an answer to the question */
	DNS_FAILURE, /* this server cannot say: another one may */
	DNS_ANSWER,  /* also when the name does not exist */
};

/*
 * Add the addresses of kind @type in @answer, which should be to the question @id, to @found, with @port; as
 * many as there is room for.
 */
enum dns_said dns_answer(const uint8_t *answer, size_t len, uint16_t id, enum dns_type type, uint16_t port,
	struct dns_found *found);

#endif
