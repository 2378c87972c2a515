/* SPDX-License-Identifier: MIT */
/* json_text - see json_text.h. */
#include "format/json_text.h"
#include <string.h>

size_t json_text_bytes(const char *text)
{
	const char *s = text;
	unsigned depth = 0;

	do {
		if (*s == '"')
			while (*++s && *s != '"')
				s += *s == '\\' && s[1];
		depth += *s == '{' || *s == '[';
		depth -= *s == '}' || *s == ']';
		s += *s != 0;
	} while (*s && (depth || !strchr(",:]} \t\r\n", *s)));
	return (size_t)(s - text);
}

static const char *skip(const char *s)
{
	return s + strspn(s, ",: \t\r\n");
}

const char *json_text_member(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (text += strspn(text, " \t\r\n"), text += *text == '{'; *(text = skip(text)) == '"';) {
		const char *found = text;

		text = skip(text + json_text_bytes(text));
		if (!strncmp(found + 1, name, len) && found[1 + len] == '"')
			return text;
		text += json_text_bytes(text);
	}
	return NULL;
}
