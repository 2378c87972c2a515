/* SPDX-License-Identifier: MIT */
/* base64url - see base64url.h. */
#include "token/clevis/base64url.h"
#include "format/base64.h"
#include <string.h>

/* As the other alphabet writes it. What it has and this one does not becomes what neither has. */
static char plain(char c)
{
	if (c == '-')
		return '+';
	if (c == '_')
		return '/';
	return c == '+' || c == '/' || c == '=' || !c ? ' ' : c;
}

bool base64url_decode(struct bytes text, uint8_t *out, size_t room, size_t *len)
{
	const char *from = text.data;

	*len = 0;
	for (size_t at = 0; at < text.len; at += 4) {
		char group[] = "====";
		size_t n;

		for (size_t i = 0; i < 4 && i < text.len - at; i++)
			group[i] = plain(from[at + i]);
		if (!base64_decode(group, out + *len, room - *len, &n))
			return false;
		*len += n;
	}
	return true;
}

bool base64url_exact(const char *text, uint8_t *out, size_t len)
{
	size_t got;

	return text && base64url_decode((struct bytes){text, strlen(text)}, out, len, &got) && got == len;
}

void base64url_encode(const uint8_t *in, size_t len, char *out)
{
	base64_encode(in, len, out);
	for (size_t i = 0; i < BASE64URL_CHARS(len); i++)
		out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
	out[BASE64URL_CHARS(len)] = 0;
}
