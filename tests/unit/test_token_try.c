/* SPDX-License-Identifier: MIT */
/* The question that a line of a token's program becomes: in latchkey's own words, with a number or none. */
#include "rows.h"
#include "unit.h"
#include "unlock/token_try.h"

static const struct question {
	const char *title, *line, *want; /* NULL: no question */
} questions[] = {
	{"a line of three bytes is read beyond its end", "pin", NULL},
	{"a line of one byte is a question", "p", NULL},
	{"an empty line is a question", "", NULL},
	{"another line is a question", "say pin 8", NULL},
	{"the number of tries is not said", "pin 8", "PIN of token 3 (a-type; tries left: 8; empty: none): "},
	{"a number is needed", "pin ", "PIN of token 3 (a-type; empty: none): "},
	{"text in place of a number is shown",
		"pin Enter passphrase: ", "PIN of token 3 (a-type; empty: none): "},
	{"a number with text is shown", "pin 8 Enter passphrase: ", "PIN of token 3 (a-type; empty: none): "},
	{"the highest number is not shown", "pin 999",
		"PIN of token 3 (a-type; tries left: 999; empty: none): "},
	{"a number that none can be is shown", "pin 1000", "PIN of token 3 (a-type; empty: none): "},
	{"a number is cut to 32 bits", "few 4294967297",
		"Token 3 (a-type): tries left for its PIN: 0. Use one (yes or no)? "},
	{"few tries are not said", "few 1",
		"Token 3 (a-type): tries left for its PIN: 1. Use one (yes or no)? "},
};

static void question_is_asked(void **state)
{
	const struct question *q = *state;
	const struct luks_token token = {.id = 3, .type = "a-type"};
	char *line = unit_exact(q->line, strlen(q->line) + 1), text[160];

	assert_int_equal(token_try_question(&token, line, text, sizeof(text)), q->want != NULL);
	if (q->want)
		assert_string_equal(text, q->want);
	free(line);
}

int main(void)
{
	for (size_t i = 0; i < COUNT(questions); i++)
		row(questions[i].title, question_is_asked, &questions[i]);
	return rows_run("token_try");
}
