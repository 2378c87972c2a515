/* SPDX-License-Identifier: MIT */
/* findings - see findings.h. */
#include "preflight/findings.h"
#include "base/text.h"

static void print_json(const char *weight, enum cause cause, const char *where, const char *text)
{
	text_print(1, "{\"weight\": \"%s\", \"cause\": \"%s\"", weight, cause_info(cause)->name);
	text_print_member(1, ", ", "where", where);
	text_print_member(1, ", ", "text", text);
	text_print(1, "}\n");
}

void findings_add(struct findings *f, enum weight weight, enum cause cause, const char *where,
	const char *fmt, ...)
{
	static const char words[][8] = {"ok", "note", "warning", "problem"};
	char text[ERROR_TEXT_BYTES * 2];
	va_list args;

	if (weight == WEIGHT_WARNING && !f->warning)
		f->warning = cause;
	if (weight == WEIGHT_PROBLEM && !f->problem)
		f->problem = cause;
	if (f->quiet && weight < WEIGHT_WARNING)
		return;
	va_start(args, fmt);
	text_vformat(text, sizeof(text) - 1, fmt, args);
	va_end(args);
	if (f->json) {
		print_json(words[weight], cause, where, text);
		return;
	}
	text_print(1, "%s: %s: ", words[weight], where);
	text_print(1, "%s\n", text);
}

enum cause findings_cause(const struct findings *f)
{
	return f->problem ? f->problem : f->warning;
}
