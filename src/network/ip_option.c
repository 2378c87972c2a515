/* SPDX-License-Identifier: MIT */
/* ip_option - see ip_option.h. */
#include "network/ip_option.h"
#include "base/bytes.h"
#include "base/text.h"
#include "config/words.h"
#include <string.h>

/*
 * Its fields, between colons. The server's is that of a root on NFS. dracut can also have an MTU and a MAC
 * address in place of the name servers, and the kernel has a tenth, a time server.
 */
enum { ADDRESS, SERVER, GATEWAY, MASK, HOST, DEVICE, METHOD, DNS, DNS_2, FIELDS };
enum { FIELD_BYTES = 32 };

static bool read_address(const char *text, uint32_t *out)
{
	uint8_t bytes[4];

	if (!text_parse_ipv4(text, bytes))
		return false;
	*out = bytes_be32(bytes);
	return true;
}

/* dracut also takes the number of its ones. */
static bool read_mask(const char *text, uint32_t *out)
{
	uint64_t ones;

	if (!text_parse_u64(text, &ones) || ones > 32)
		return read_address(text, out);
	*out = ones ? UINT32_MAX << (32 - ones) : 0;
	return true;
}

static bool is_off(const char *method)
{
	return !strcmp(method, "off") || !strcmp(method, "none");
}

static bool is_method(const char *word)
{
	static const char *const known[] = {"dhcp", "on", "any", "both", "bootp", "auto", "single-dhcp",
		"off", "none"};

	for (unsigned i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(word, known[i]))
			return true;
	return false;
}

/* Fields above the last are left out. What is too long is cut, and then is only right as a host name. */
static unsigned split(const char *value, char field[static FIELDS][FIELD_BYTES])
{
	unsigned n = 0;

	for (;; value++) {
		size_t len = strcspn(value, ":");

		memcpy(field[n++], value, len < FIELD_BYTES ? len : FIELD_BYTES - 1);
		value += len;
		if (!*value || n == FIELDS)
			return n;
	}
}

static bool read_fixed(char field[static FIELDS][FIELD_BYTES], struct ip_option *out)
{
	struct dhcp_lease *l = &out->lease;

	out->fixed = true;
	(void)read_address(field[DNS], &l->dns[0]);
	(void)read_address(field[DNS_2], &l->dns[1]);
	return read_address(field[ADDRESS], &l->address) &&
	       (!*field[GATEWAY] || read_address(field[GATEWAY], &l->gateway)) &&
	       (!*field[MASK] || read_mask(field[MASK], &l->mask));
}

static bool read_value(const char *value, struct ip_option *out)
{
	char field[FIELDS][FIELD_BYTES] = {{0}};
	unsigned n = split(value, field);
	bool is_short = n == 2 || is_method(field[1]); /* interface:method */
	const char *device = is_short ? field[0] : field[DEVICE];
	const char *method = n == 1 ? field[0] : is_short ? field[1] : field[METHOD];

	if (strlen(device) >= IP_DEVICE_BYTES)
		return false;
	memcpy(out->device, device, strlen(device) + 1);
	if (is_short || is_method(field[ADDRESS]) || !*field[ADDRESS] || !strcmp(field[ADDRESS], "0.0.0.0")) {
		out->off = is_off(method);
		return !*method || is_method(method);
	}
	return read_fixed(field, out);
}

const char *ip_option_read(char *cmdline, struct ip_option *out)
{
	const char *last = NULL;
	char *name, *value;

	while (cmdline = words_next(cmdline, &name, &value), name)
		if (!strcmp(name, "ip") && value)
			last = value;
	*out = (struct ip_option){.off = false};
	return last && !read_value(last, out) ? last : NULL;
}
