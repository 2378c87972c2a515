/* SPDX-License-Identifier: MIT */
/* config_files - read the files of the boot configuration. */
#ifndef BOOT_CONFIG_FILES_H
#define BOOT_CONFIG_FILES_H

#include "config/plan.h"

enum { CONFIG_FILES_CMDLINE_BYTES = 16384, CONFIG_FILES_FILE_BYTES = 65536 };

struct config_files {
	struct plan_sources plan; /* for plan_make; points into the texts below */
	char cmdline[CONFIG_FILES_CMDLINE_BYTES], crypttab[CONFIG_FILES_FILE_BYTES],
		conf[CONFIG_FILES_FILE_BYTES];
};

/*
 * @cmdline is that text; @crypttab and @conf are paths, which must then be there. NULL: the usual ones,
 * which need not be. Fails: CAUSE_USAGE (a file cannot be read, or is longer than it may be).
 */
enum cause config_files_read(struct config_files *files, const char *cmdline, const char *crypttab,
	const char *conf, struct error *err) MUST_USE;

#endif
