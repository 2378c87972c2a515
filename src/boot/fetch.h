/* SPDX-License-Identifier: MIT */
/* fetch - a child's work: read a key into the vault, or a header into memory, from wherever it is. */
#ifndef BOOT_FETCH_H
#define BOOT_FETCH_H

#include "boot/child.h"
#include "config/plan.h"
#include <stddef.h>

enum {
	FETCH_LIMIT_S = 15, /* for one key or header */
	FETCH_HEADER_MAX_BYTES = 20 << 20,
};

struct fetch {
	struct plan_key key; /* what and where; its device is a path */
	unsigned slot;       /* of the vault, for a key */
	int header_fd;       /* a file in memory, for a header; -1: it is a key */
};

/*
 * A child_work; @arg is a struct fetch.
 * Fails: CAUSE_DEVICE (os_errno ENOENT: the stick has no such file), CAUSE_USAGE (too long, too
 * short, an empty header), CAUSE_UNSUPPORTED (no driver), CAUSE_RESOURCE.
 */
enum cause fetch_run(void *arg, struct child_end *end, struct error *err);

/* An empty file in memory, for header_fd. -1: no memory. */
int fetch_memory_file(void);

#endif
