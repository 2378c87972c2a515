/* SPDX-License-Identifier: MIT */
/* dns - see dns.h. */
#include "token/clevis/dns.h"
#include "base/bytes.h"
#include <string.h>

enum { HEADER_BYTES = 12, LABEL_MAX = 63, NAME_MAX_BYTES = 255, FIXED_BYTES = 10, IS_POINTER = 0xc0 };
enum { IS_ANSWER = 0x8000, RECURSION = 0x0100, RCODE = 0xf, NO_SUCH_NAME = 3, CLASS_IN = 1 };

static const char blanks[] = " \t\r\n";

/* The value of a line that begins with @word, up to a blank, into @value. */
static bool has_value(const char *line, const char *word, char value[static URL_MAX_CHARS + 1])
{
	size_t n = strlen(word), len;

	if (strncmp(line, word, n) != 0 || (line[n] != ' ' && line[n] != '\t'))
		return false;
	line += n + strspn(line + n, " \t");
	len = strcspn(line, blanks);
	if (!len || len > URL_MAX_CHARS)
		return false;
	memcpy(value, line, len);
	value[len] = 0;
	return true;
}

void dns_read_conf(const char *text, struct dns *out)
{
	char value[URL_MAX_CHARS + 1];

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		if (has_value(text, "nameserver", value)) {
			if (out->count < DNS_SERVERS_MAX &&
				url_read_address(value, 53, &out->servers[out->count]))
				out->count++;
		} else if (!*out->domain &&
			   (has_value(text, "search", value) || has_value(text, "domain", value))) {
			memcpy(out->domain, value, sizeof(value));
		}
	}
}

static void put_be16(uint8_t *out, unsigned v)
{
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)v;
}

/* The labels of @name behind @at. Returns where they end; 0: it is no name. */
static size_t put_name(uint8_t *out, size_t at, const char *name)
{
	while (*name) {
		size_t len = strcspn(name, ".");

		if (!len || len > LABEL_MAX || at + 1 + len >= HEADER_BYTES + NAME_MAX_BYTES)
			return 0;
		out[at] = (uint8_t)len;
		memcpy(out + at + 1, name, len);
		at += 1 + len;
		name += len;
		name += *name == '.';
	}
	return at;
}

size_t dns_question(uint8_t out[static DNS_MESSAGE_MAX_BYTES], uint16_t id, const char *name,
	const char *domain, enum dns_type type)
{
	size_t at;

	memset(out, 0, DNS_MESSAGE_MAX_BYTES);
	put_be16(out, id);
	put_be16(out + 2, RECURSION);
	put_be16(out + 4, 1);
	at = put_name(out, HEADER_BYTES, name);
	if (at && !strchr(name, '.'))
		at = put_name(out, at, domain);
	if (!at)
		return 0;
	put_be16(out + at + 1, type);
	put_be16(out + at + 3, CLASS_IN);
	return at + 5;
}

/* Behind a name at @at, which is not followed. @len or more: it is not all there. */
static size_t skip_name(const uint8_t *m, size_t len, size_t at)
{
	while (at < len && m[at] && m[at] < IS_POINTER)
		at += 1 + m[at];
	return at < len && m[at] ? at + 2 : at + 1;
}

/*
 * Whatever name a record has: it answers our question, perhaps by another name. A false one costs the
 * attempt.
 */
enum dns_said dns_answer(const uint8_t *m, size_t len, uint16_t id, enum dns_type type, uint16_t port,
	struct dns_found *found)
{
	size_t at = HEADER_BYTES, size = type == DNS_A ? 4 : 16;
	unsigned rcode;

	if (len < HEADER_BYTES || bytes_be16(m) != id || !(bytes_be16(m + 2) & IS_ANSWER))
		return DNS_OTHER;
	rcode = bytes_be16(m + 2) & RCODE;
	if (rcode && rcode != NO_SUCH_NAME)
		return DNS_FAILURE;
	for (unsigned n = bytes_be16(m + 4); n && at < len; n--)
		at = skip_name(m, len, at) + 4;
	for (unsigned n = bytes_be16(m + 6); n && at < len; n--) {
		const uint8_t *record;
		union address *a = &found->at[found->count];

		at = skip_name(m, len, at);
		if (!bytes_inside(at, FIXED_BYTES, 0, len))
			break;
		record = m + at;
		at += FIXED_BYTES + bytes_be16(record + 8);
		if (at > len || found->count == DNS_ADDRESSES_MAX || bytes_be16(record) != type ||
			bytes_be16(record + 2) != CLASS_IN || bytes_be16(record + 8) != size)
			continue;
		memset(a, 0, sizeof(*a));
		if (type == DNS_A) {
			a->v4.sin_family = AF_INET;
			memcpy(&a->v4.sin_addr, record + FIXED_BYTES, 4);
			put_be16((uint8_t *)&a->v4.sin_port, port);
		} else {
			a->v6.sin6_family = AF_INET6;
			memcpy(&a->v6.sin6_addr, record + FIXED_BYTES, 16);
			put_be16((uint8_t *)&a->v6.sin6_port, port);
		}
		found->count++;
	}
	return DNS_ANSWER;
}
