/* SPDX-License-Identifier: MIT */
/* url - see url.h. */
#include "token/clevis/url.h"
#include "base/bytes.h"
#include "base/text.h"
#include <string.h>
#include <strings.h>

/* Decimal, of at most @max. Returns what is behind it; NULL: there is none. */
static const char *number(const char *s, unsigned max, unsigned *out)
{
	const char *start = s;

	for (*out = 0; *s >= '0' && *s <= '9' && *out <= max; s++)
		*out = *out * 10 + (unsigned)(*s - '0');
	return s == start || *out > max || (*start == '0' && s - start > 1) ? NULL : s;
}

/* One group of hexadecimal digits. Returns what is behind it; NULL: there is none. */
static const char *group(const char *s, uint8_t out[2])
{
	unsigned v = 0;
	int n = 0;

	for (; n < 4 && text_hex_digit(s[n]) >= 0; n++)
		v = v << 4 | (unsigned)text_hex_digit(s[n]);
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)v;
	return n ? s + n : NULL;
}

/* Groups until one that "::" left out, whose place is @gap; then those behind it move to the end. */
static bool read_v6(const char *s, uint8_t out[16])
{
	int used = 0, gap = -1;

	memset(out, 0, 16);
	if (s[0] == ':' && s[1] != ':')
		return false;
	for (s += *s == ':'; *s; s += *s == ':' && s[1]) {
		if (*s == ':') {
			if (gap >= 0)
				return false;
			gap = used;
			if (!s[1])
				break;
			continue;
		}
		if (used <= 12 && text_parse_ipv4(s, out + used)) {
			used += 4;
			break;
		}
		s = used < 16 ? group(s, out + used) : NULL;
		used += 2;
		if (!s || (*s && *s != ':') || (*s && !s[1]))
			return false;
	}
	if (gap < 0)
		return used == 16;
	if (used > 14)
		return false;
	memmove(out + 16 - (used - gap), out + gap, (size_t)(used - gap));
	memset(out + gap, 0, (size_t)(16 - used));
	return true;
}

bool url_read_address(const char *text, uint16_t port, union address *out)
{
	uint8_t bytes[16];
	const uint8_t be_port[2] = {(uint8_t)(port >> 8), (uint8_t)port};

	memset(out, 0, sizeof(*out));
	if (text_parse_ipv4(text, bytes)) {
		out->v4.sin_family = AF_INET;
		memcpy(&out->v4.sin_addr, bytes, 4);
		memcpy(&out->v4.sin_port, be_port, 2);
		return true;
	}
	if (!read_v6(text, bytes))
		return false;
	out->v6.sin6_family = AF_INET6;
	memcpy(&out->v6.sin6_addr, bytes, 16);
	memcpy(&out->v6.sin6_port, be_port, 2);
	return true;
}

static const char name_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

/* The host from @s on. Returns what is behind it; NULL: there is none. */
static const char *read_host(const char *s, struct url *out)
{
	bool brackets = *s == '[';
	size_t len = brackets ? strcspn(s, "]") : strspn(s, name_characters);
	union address a;

	s += brackets;
	len -= brackets;
	memcpy(out->host, s, len);
	out->host[len] = 0;
	s += len;
	if (brackets && (*s++ != ']' || !url_read_address(out->host, 0, &a) || a.any.sa_family != AF_INET6))
		return NULL;
	return len ? s : NULL;
}

static bool is_path(const char *s)
{
	/* What is not printable could end the line of the request. */
	for (; *s; s++)
		if (*s <= ' ' || *s >= 0x7f)
			return false;
	return true;
}

enum cause url_read(const char *text, struct url *out, struct error *err)
{
	const char *scheme_end = text_find(text, "://"), *s = scheme_end ? scheme_end + 3 : text, *start = s;
	unsigned port = 80;
	size_t len = strlen(text);

	if (len > URL_MAX_CHARS)
		return error_set(err, CAUSE_UNSUPPORTED, "a URL has more than %d characters", URL_MAX_CHARS);
	memcpy(out->text, text, len + 1);
	if (!strncasecmp(text, "https://", 8))
		return error_set(err, CAUSE_UNSUPPORTED,
			"%s: https is not supported: tang needs no TLS, because what it sends is blinded and "
			"checked",
			text);
	if (scheme_end && strncasecmp(text, "http://", 7) != 0)
		return error_set(err, CAUSE_UNSUPPORTED, "%s: only http is supported", text);
	if (strpbrk(s, "?#") || strcspn(s, "@%") < strcspn(s, "/"))
		return error_set(err, CAUSE_UNSUPPORTED,
			"%s: a URL with a user, a zone or a query is not supported", text);
	s = read_host(s, out);
	if (s && *s == ':')
		s = number(s + 1, 65535, &port);
	if (!s || !port || (*s && *s != '/') || !is_path(s))
		return error_set(err, CAUSE_DAMAGED, "%s: not a valid URL", text);
	out->port = (uint16_t)port;
	memcpy(out->authority, start, (size_t)(s - start));
	out->authority[s - start] = 0;
	len = strlen(s);
	while (len && s[len - 1] == '/')
		len--;
	memcpy(out->path, s, len);
	out->path[len] = 0;
	return CAUSE_OK;
}
