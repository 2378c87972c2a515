/* SPDX-License-Identifier: MIT */
/*
 * plan_rows - a test for each row: sources in, and what plan_show says of them.
 *
 * The sources lie in memory of their exact size and are gone before the plan is shown: a byte read too far,
 * or a text that still lies in a source, is seen by a sanitizer.
 */
#ifndef TESTS_PLAN_ROWS_H
#define TESTS_PLAN_ROWS_H

#include "config/plan.h"
#include "rows.h"
#include <unistd.h>

/* What is shown of a plan for which nobody said anything that concerns all volumes. */
#define USUAL "tries: no limit; then: ask again; give up: never\n"

/* UUIDs that the rows use. */
#define U1 "11111111-2222-3333-4444-555555555555"
#define U2 "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

struct plan_row {
	const char *defect, *cmdline, *crypttab, *conf, *want;
};

static inline char *plan_copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static inline void plan_of(const struct plan_row *from, struct plan *out)
{
	char *cmdline = plan_copy(from->cmdline), *crypttab = plan_copy(from->crypttab),
	     *conf = plan_copy(from->conf);
	struct plan_sources s = {cmdline, crypttab, "/etc/crypttab", conf, "/etc/latchkey.conf"};

	memset(out, 0x77, sizeof(*out));
	plan_make(&s, out);
	free(cmdline);
	free(crypttab);
	free(conf);
}

/* What plan_show prints; up to what a pipe holds. */
static inline void plan_shown(const struct plan *p, char *out, size_t size)
{
	int ends[2];
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	plan_show(p, ends[1], false);
	close(ends[1]);
	n = read(ends[0], out, size - 1);
	assert_true(n >= 0);
	out[n] = 0;
	close(ends[0]);
}

static inline void plan_row_holds(void **state)
{
	static struct plan p;
	static char shown[65536];
	const struct plan_row *row = *state;

	plan_of(row, &p);
	plan_shown(&p, shown, sizeof(shown));
	if (strcmp(shown, row->want))
		fail_msg("shown:\n%swanted:\n%s", shown, row->want);
}

static inline void plan_rows(const struct plan_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		row(rows[i].defect, plan_row_holds, &rows[i]);
}

#endif
