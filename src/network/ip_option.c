/* SPDX-License-Identifier: MIT */
/* ip_option - see ip_option.h. */
#include "network/ip_option.h"
#include "base/text.h"
#include "config/words.h"
#include <string.h>

/* Its fields, between colons. The server's is that of a root on NFS. */
enum { ADDRESS, SERVER, GATEWAY, MASK, HOST, DEVICE, METHOD, DNS, DNS_2, FIELDS };
enum { FIELD_BYTES = 32 };

/* A netmask or address, "10.0.2.15". False: it is none. */
static bool read_address(const char *text, uint32_t *out)
{
	unsigned n = 0;

	*out = 0;
	for (;; text++) {
		char digits[4] = {0};
		uint64_t value;
		size_t len = strspn(text, "0123456789");

		if (len > 3)
			return false;
		memcpy(digits, text, len);
		if (!text_parse_u64(digits, &value) || value > 255)
			return false;
		*out = *out << 8 | (uint32_t)value;
		text += len;
		if (++n == 4 || *text != '.')
			return n == 4 && !*text;
	}
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
	static const char *const known[] = {"dhcp", "on", "any", "both", "bootp", "auto", "off", "none"};

	for (unsigned i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(word, known[i]))
			return true;
	return false;
}

static unsigned split(const char *value, char field[static FIELDS][FIELD_BYTES])
{
	unsigned n = 0;

	for (;; value++) {
		size_t len = strcspn(value, ":");

		if (n == FIELDS || len >= FIELD_BYTES)
			return 0;
		memcpy(field[n], value, len);
		field[n++][len] = 0;
		value += len;
		if (!*value)
			return n;
	}
}

static bool read_fixed(char field[static FIELDS][FIELD_BYTES], struct ip_option *out)
{
	struct dhcp_lease *l = &out->lease;

	out->fixed = true;
	return read_address(field[ADDRESS], &l->address) &&
	       (!*field[GATEWAY] || read_address(field[GATEWAY], &l->gateway)) &&
	       (!*field[MASK] || read_mask(field[MASK], &l->mask)) &&
	       (!*field[DNS] || read_address(field[DNS], &l->dns[0])) &&
	       (!*field[DNS_2] || read_address(field[DNS_2], &l->dns[1]));
}

static bool read_value(const char *value, struct ip_option *out)
{
	char field[FIELDS][FIELD_BYTES] = {{0}};
	unsigned n = split(value, field);
	const char *device = n == 2 ? field[ADDRESS] : field[DEVICE];
	const char *method = n == 1 ? field[ADDRESS] : n == 2 ? field[1] : field[METHOD];

	if (!n || strlen(device) >= IP_DEVICE_BYTES)
		return false;
	memcpy(out->device, device, strlen(device) + 1);
	if (n == 2 || is_method(field[ADDRESS]) || !*field[ADDRESS]) {
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
