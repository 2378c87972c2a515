/* SPDX-License-Identifier: MIT */
/* findings - what the preflight says, a sentence a line, and the exit code that it comes to. */
#ifndef PREFLIGHT_FINDINGS_H
#define PREFLIGHT_FINDINGS_H

#include "base/cause.h"
#include <stdbool.h>

enum weight {
	WEIGHT_OK,
	WEIGHT_NOTE,    /* cannot be told from here, or is no fault */
	WEIGHT_WARNING, /* the boot will be worse than it could be */
	WEIGHT_PROBLEM, /* a volume will not be opened */
};

struct findings {
	bool quiet;                  /* warnings and problems only */
	enum cause warning, problem; /* of the first of each; CAUSE_OK: none */
};

/* A line on standard output: "problem: WHERE: ...". */
void finding(struct findings *f, enum weight weight, enum cause cause, const char *where, const char *fmt,
	...) PRINTF_LIKE(5, 6);

/* That of the first problem, else that of the first warning. */
enum cause findings_cause(const struct findings *f);

#endif
