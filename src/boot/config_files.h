/* SPDX-License-Identifier: MIT */
/* config_files - read the files of the boot configuration. */
#ifndef BOOT_CONFIG_FILES_H
#define BOOT_CONFIG_FILES_H

#include "config/plan.h"

enum { CONFIG_FILES_BYTES = 65536 };

struct config_files {
	struct plan_sources plan; /* for plan_make; points into the texts below */
	bool lacks_crypttab;      /* only crypttab could not be read */
	char cmdline[CONFIG_FILES_BYTES], crypttab[CONFIG_FILES_BYTES], conf[CONFIG_FILES_BYTES];
};

/*
 * @cmdline is that text; @crypttab and @conf are paths, which must then be there. NULL: the usual ones,
 * which need not be. Fails: CAUSE_USAGE (a file cannot be read, or is longer than 65535 bytes); with
 * @files->lacks_crypttab the other sources are there.
 */
enum cause config_files_read(struct config_files *files, const char *cmdline, const char *crypttab,
	const char *conf, struct error *err) MUST_USE;

#endif
