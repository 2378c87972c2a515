/* SPDX-License-Identifier: MIT */
/* findings - the results of the preflight, one sentence a line, and the exit code. */
#ifndef PREFLIGHT_FINDINGS_H
#define PREFLIGHT_FINDINGS_H

#include "base/cause.h"
#include <stdbool.h>

enum weight {
	WEIGHT_OK,
	WEIGHT_NOTE,    /* cannot be checked here, or is not a fault */
	WEIGHT_WARNING, /* boot works, but not as intended */
	WEIGHT_PROBLEM, /* a volume will not be opened */
};

struct findings {
	bool quiet;                  /* warnings and problems only */
	bool json;                   /* an object a line */
	enum cause warning, problem; /* the cause of the first of each; CAUSE_OK: none */
};

/* A line on standard output: "problem: WHERE: ...". */
void findings_add(struct findings *f, enum weight weight, enum cause cause, const char *where,
	const char *fmt, ...) PRINTF_LIKE(5, 6);

/* That of the first problem, else that of the first warning. */
enum cause findings_cause(const struct findings *f);

#endif
