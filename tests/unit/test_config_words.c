/* SPDX-License-Identifier: MIT */
/* The kernel command line is cut as the kernel cuts it. */
#include "config/words.h"
#include "rows.h"

/* Words as name, or name and value behind a bar, one to a line. */
static const struct words_row {
	const char *defect, *text, *want;
} rows[] = {
	{"an empty line has a word", "", ""},
	{"blanks make a word", " \t\n ", ""},
	{"a newline at the end belongs to the last word", "a b=c\n", "a\nb|c\n"},
	{"tab, vertical tab, form feed and carriage return do not separate", "a\tb\vc\fd\re",
		"a\nb\nc\nd\ne\n"},
	{"a blank between quotes separates", "a=\"b c\" d", "a|b c\nd\n"},
	{"quotes around the whole word stay", "\"a=b c\" d", "a|b c\nd\n"},
	{"a quote in the middle does not protect", "a=b\" \"c d", "a|b\" \"c\nd\n"},
	{"a quote that is never closed runs past the end", "a=\"b c", "a|b c\n"},
	{"a single quote character runs past the end", "\"", "\n"},
	{"a quote alone as the value runs past the end", "a=\"", "a|\n"},
	{"a second = cuts the value", "a=b=c", "a|b=c\n"},
	{"an empty value is none", "a=", "a|\n"},
	{"what follows two dashes is read", "a -- b=c", "a\n"},
	{"a word that begins with two dashes ends the line", "a --b c", "a\n--b\nc\n"},
};

static void words_are_cut(void **state)
{
	const struct words_row *row = *state;
	char *text = strdup(row->text), *rest = text, *name, *value, got[256] = "";

	while (rest = words_next(rest, &name, &value), name) {
		size_t used = strlen(got);

		snprintf(got + used, sizeof(got) - used, "%s%s%s\n", name, value ? "|" : "",
			value ? value : "");
	}
	free(text);
	assert_string_equal(got, row->want);
}

int main(void)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		row(rows[i].defect, words_are_cut, &rows[i]);
	return rows_run("config words");
}
