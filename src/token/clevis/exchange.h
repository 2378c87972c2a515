/* SPDX-License-Identifier: MIT */
/*
 * exchange - one request to each of several servers, all at the same time: their names, connections, answers.
 *
 * None of them waits for another. The one that is used is seen from outside between two steps.
 */
#ifndef TOKEN_CLEVIS_EXCHANGE_H
#define TOKEN_CLEVIS_EXCHANGE_H

#include "token/clevis/dns.h"
#include "token/clevis/http.h"

enum exchange_state {
	EXCHANGE_NONE, /* nothing is asked */
	EXCHANGE_NAME, /* asks for its addresses */
	EXCHANGE_SEND, /* connects, and sends the request */
	EXCHANGE_RECEIVE,
	EXCHANGE_DONE,   /* has ->answer, which may have any status */
	EXCHANGE_FAILED, /* has ->err */
};

enum { EXCHANGE_NAME_BYTES = 96 };

struct exchange {
	enum exchange_state state;
	const struct url *url;
	int fd;
	uint64_t deadline_us;           /* of the state */
	char name[EXCHANGE_NAME_BYTES]; /* the server, for messages */
	struct error err;

	const struct dns *dns;
	unsigned tries; /* of servers of names */
	uint16_t id;    /* of the question for IPv4; that for IPv6 has the next one */
	unsigned answered;
	bool has_failed;           /* the server of names, in one of its answers */
	struct dns_found found[2]; /* IPv4, IPv6 */
	unsigned next;             /* address */

	char request[HTTP_REQUEST_MAX_BYTES];
	size_t request_len, sent;
	char text[HTTP_ANSWER_MAX_BYTES];
	size_t got;
	struct http_answer answer;
};

/* Begin. ->request is there, and ->url and ->dns, which live as long; @id is random. */
void exchange_start(struct exchange *x, uint16_t id);

/*
 * Wait until one of the @n goes on, and let all go on that can, until the moment @deadline_us. False: none is
 * left, or latchkey wants the program no more (contract_is_ended).
 */
bool exchange_step(struct exchange *x, unsigned n, uint64_t deadline_us);

#endif
