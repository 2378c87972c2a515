/* SPDX-License-Identifier: MIT */
/* words - see words.h. */
#include "config/words.h"
#include <stdbool.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

char *words_unquote(char *text)
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
	*name = *text && strcmp(text, "--") ? words_unquote(text) : NULL;
	*value = *name ? strchr(*name, '=') : NULL;
	if (*value) {
		*(*value)++ = 0;
		*value = words_unquote(*value);
	}
	return end;
}

char *words_cut(char *text, char c)
{
	text = text ? strchr(text, c) : NULL;
	if (text)
		*text++ = 0;
	return text;
}

size_t words_begins(const char *text, const char *start)
{
	size_t len = strlen(start);

	return strncmp(text, start, len) ? 0 : len;
}

int words_index(const char *list, const char *word)
{
	size_t len = strlen(word), n;

	for (int i = 0; *list; i++, list += n + (list[n] != 0)) {
		n = strcspn(list, " ,");
		if (n && list[n - 1] == '*' ? !strncmp(list, word, n - 1)
					    : n == len && !memcmp(list, word, n))
			return i;
	}
	return -1;
}

int words_bool(const char *value)
{
	char lower[8];
	int i = 6;

	if (value) {
		for (i = 0; i < 7 && value[i]; i++)
			lower[i] = (char)(value[i] | 32);
		lower[i] = 0;
		i = words_index("0 no n false f off 1 yes y true t on", lower);
	}
	return i < 0 ? i : i >= 6;
}
