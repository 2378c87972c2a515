/* SPDX-License-Identifier: MIT */
/* sources - the files that the boot configuration stands in, read. */
#ifndef BOOT_SOURCES_H
#define BOOT_SOURCES_H

#include "config/plan.h"

enum { SOURCES_CMDLINE_BYTES = 16384, SOURCES_FILE_BYTES = 65536 };

struct sources {
	struct plan_sources plan; /* for plan_make; points into the texts below */
	char cmdline[SOURCES_CMDLINE_BYTES], crypttab[SOURCES_FILE_BYTES], conf[SOURCES_FILE_BYTES];
};

/*
 * @cmdline is that text; @crypttab and @conf are paths, which must then be there. NULL: the usual ones, which need
 * not be. Fails: CAUSE_USAGE (a file cannot be read, or is longer than it may be).
 */
enum cause sources_read(struct sources *s, const char *cmdline, const char *crypttab, const char *conf,
	struct error *err) MUST_USE;

#endif
