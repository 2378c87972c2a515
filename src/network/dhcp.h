/* SPDX-License-Identifier: MIT */
/*
 * dhcp - the messages of DHCP that it takes to get one address: RFC 2131, options of RFC 2132.
 *
 * Addresses are numbers here: 10.0.2.15 is 0x0a00020f.
 */
#ifndef NETWORK_DHCP_H
#define NETWORK_DHCP_H

#include <stddef.h>
#include <stdint.h>

enum { DHCP_MAC_BYTES = 6, DHCP_REQUEST_BYTES = 300, DHCP_ANSWER_MAX_BYTES = 1500 };

enum dhcp_kind { DHCP_NONE, DHCP_DISCOVER, DHCP_OFFER, DHCP_REQUEST, DHCP_ACK = 5, DHCP_NAK };

/* 0: the server did not say. */
struct dhcp_lease {
	uint32_t address, server, mask, gateway, lease_s;
	uint32_t dns[2];
};

/* What ties an answer to a request. */
struct dhcp_id {
	uint32_t number; /* random */
	uint8_t mac[DHCP_MAC_BYTES];
};

/* A DHCPDISCOVER, or with @offer a DHCPREQUEST for it. The server is to answer by broadcast. */
void dhcp_write(uint8_t out[static DHCP_REQUEST_BYTES], const struct dhcp_id *id,
	const struct dhcp_lease *offer);

/*
 * What the @len bytes at @in say to @id: DHCP_OFFER or DHCP_ACK, with an address for one machine in @out;
 * DHCP_NAK. Anything else, however it is malformed, is DHCP_NONE.
 */
enum dhcp_kind dhcp_read(const uint8_t *in, size_t len, const struct dhcp_id *id, struct dhcp_lease *out);

#endif
