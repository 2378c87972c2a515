/* SPDX-License-Identifier: MIT */
/*
 * rows - a test for each row of a table.
 *
 * cmocka runs a list; here the list is filled at run time, so that a failure names the
 * row. A name says the defect that the row would catch; it holds no number sign, which
 * TAP keeps for itself.
 */
#ifndef TESTS_ROWS_H
#define TESTS_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ROWS_MAX = 1024, ROW_NAME_BYTES = 160 };

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct CMUnitTest row_list[ROWS_MAX];
static size_t row_count;

/* @test gets @data as *state. */
static inline void row(const char *name, CMUnitTestFunction test, const void *data)
{
	if (row_count == ROWS_MAX) {
		fprintf(stderr, "too many rows\n");
		abort();
	}
	row_list[row_count++] = (struct CMUnitTest){name, test, NULL, NULL, (void *)(uintptr_t)data};
}

static void row_skipped(void **state)
{
	(void)state;
	skip();
}

/* A test that cannot run here. What cmocka prints behind SKIP is the name: so the reason goes there. */
static inline void row_skip(const char *name, const char *reason)
{
	static char names[ROWS_MAX][ROW_NAME_BYTES];
	static size_t used;

	snprintf(names[used], ROW_NAME_BYTES, "%s: %s", reason, name);
	row(names[used++], row_skipped, NULL);
}

#define ROW(test) row(#test, test, NULL)

/* Run what was listed. Returns the exit status. */
static inline int rows_run(const char *group)
{
	int failed = _cmocka_run_group_tests(group, row_list, row_count, NULL, NULL);

	return failed ? 1 : 0;
}

#endif
