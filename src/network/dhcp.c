/* SPDX-License-Identifier: MIT */
/* dhcp - see dhcp.h. */
#include "network/dhcp.h"
#include "base/bytes.h"
#include <string.h>

/* Offsets of RFC 2131, figure 1. */
enum { OP, HARDWARE, HARDWARE_BYTES, ID = 4, FLAGS = 10, YOURS = 16, MAC = 28, COOKIE = 236, OPTIONS = 240 };
enum { REQUEST = 1, REPLY, ETHERNET = 1, BROADCAST = 0x80 };
enum {
	OPTION_PAD = 0,
	OPTION_MASK = 1,
	OPTION_ROUTER = 3,
	OPTION_DNS = 6,
	OPTION_ADDRESS = 50,
	OPTION_LEASE = 51,
	OPTION_KIND = 53,
	OPTION_SERVER = 54,
	OPTION_WANTED = 55,
	OPTION_END = 255
};

static const uint8_t cookie[] = {0x63, 0x82, 0x53, 0x63};

static uint8_t *put(uint8_t *at, unsigned option, uint32_t value)
{
	*at++ = (uint8_t)option;
	*at++ = 4;
	bytes_put_be32(at, value);
	return at + 4;
}

void dhcp_write(uint8_t out[static DHCP_REQUEST_BYTES], const struct dhcp_id *id,
	const struct dhcp_lease *offer)
{
	static const uint8_t wanted[] = {OPTION_WANTED, 4, OPTION_MASK, OPTION_ROUTER, OPTION_DNS,
		OPTION_LEASE};
	uint8_t *at = out + OPTIONS;

	memset(out, 0, DHCP_REQUEST_BYTES);
	out[OP] = REQUEST;
	out[HARDWARE] = ETHERNET;
	out[HARDWARE_BYTES] = DHCP_MAC_BYTES;
	bytes_put_be32(out + ID, id->number);
	out[FLAGS] = BROADCAST;
	memcpy(out + MAC, id->mac, DHCP_MAC_BYTES);
	memcpy(out + COOKIE, cookie, sizeof(cookie));
	*at++ = OPTION_KIND;
	*at++ = 1;
	*at++ = offer ? DHCP_REQUEST : DHCP_DISCOVER;
	if (offer) {
		at = put(at, OPTION_ADDRESS, offer->address);
		at = put(at, OPTION_SERVER, offer->server);
	}
	memcpy(at, wanted, sizeof(wanted));
	at[sizeof(wanted)] = OPTION_END;
}

/* One option of @len bytes at @value. */
static void take(struct dhcp_lease *out, uint8_t *kind, unsigned option, const uint8_t *value, unsigned len)
{
	uint32_t *to;

	if (option == OPTION_KIND && len == 1)
		*kind = *value;
	if (len < 4)
		return;
	if (option == OPTION_DNS && len >= 8)
		out->dns[1] = bytes_be32(value + 4);
	to = option == OPTION_MASK     ? &out->mask
	     : option == OPTION_ROUTER ? &out->gateway
	     : option == OPTION_DNS    ? &out->dns[0]
	     : option == OPTION_LEASE  ? &out->lease_s
	     : option == OPTION_SERVER ? &out->server
	                               : NULL;
	if (to)
		*to = bytes_be32(value);
}

static bool is_for_one(uint32_t address)
{
	uint32_t first = address >> 24;

	return first && first != 127 && first < 224;
}

/* A run of ones, then zeros. */
static bool is_mask(uint32_t mask)
{
	return !(~mask & (~mask + 1));
}

enum dhcp_kind dhcp_read(const uint8_t *in, size_t len, const struct dhcp_id *id, struct dhcp_lease *out)
{
	uint8_t kind = DHCP_NONE;
	size_t at = OPTIONS;

	if (len < OPTIONS || in[OP] != REPLY || bytes_be32(in + ID) != id->number ||
		memcmp(in + MAC, id->mac, DHCP_MAC_BYTES) || memcmp(in + COOKIE, cookie, sizeof(cookie)))
		return DHCP_NONE;
	*out = (struct dhcp_lease){.address = bytes_be32(in + YOURS)};
	while (at < len && in[at] != OPTION_END) {
		unsigned option = in[at++], bytes;

		if (option == OPTION_PAD)
			continue;
		bytes = at < len ? in[at++] : 1;
		if (bytes > len - at)
			return DHCP_NONE;
		take(out, &kind, option, in + at, bytes);
		at += bytes;
	}
	if (kind == DHCP_NAK)
		return DHCP_NAK;
	if ((kind != DHCP_OFFER && kind != DHCP_ACK) || !is_for_one(out->address) || !is_mask(out->mask))
		return DHCP_NONE;
	return (enum dhcp_kind)kind;
}
