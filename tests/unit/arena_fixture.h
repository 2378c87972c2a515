/* SPDX-License-Identifier: MIT */
/* arena_fixture - the arena is there for a test or a group, and gone behind it. Of cmocka's kind. */
#ifndef UNIT_ARENA_FIXTURE_H
#define UNIT_ARENA_FIXTURE_H

#include "secret/arena.h"
#include "unit.h"

static inline int arena_fixture_start(void **state)
{
	struct error err;

	(void)state;
	if (!arena_open(&err))
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return -1;
}

static inline int arena_fixture_end(void **state)
{
	(void)state;
	arena_close();
	return 0;
}

#endif
