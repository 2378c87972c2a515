/* SPDX-License-Identifier: MIT */
/* words - see words.h. */
#include "config/words.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* "value" -> value, in place. */
static char *unquote(char *text)
{
	size_t len = strlen(text);

	if (*text != '"')
		return text;
	if (len > 1 && text[len - 1] == '"')
		text[len - 1] = 0;
	return text + 1;
}

char *words_next(char *text, char **name, char **value)
{
	bool quoted = false;
	char *end;

	while (is_blank(*text))
		text++;
	for (end = text; *end && (quoted || !is_blank(*end)); end++)
		quoted ^= *end == '"';
	if (*end)
		*end++ = 0;
	*name = *text && strcmp(text, "--") ? unquote(text) : NULL;
	*value = *name ? strchr(*name, '=') : NULL;
	if (*value) {
		*(*value)++ = 0;
		*value = unquote(*value);
	}
	return end;
}
