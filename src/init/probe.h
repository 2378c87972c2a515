/* SPDX-License-Identifier: MIT */
/* probe - the root device, found by what root= calls it. */
#ifndef INIT_PROBE_H
#define INIT_PROBE_H

#include "device/sysblock.h"
#include <stdbool.h>

#define PROBE_MAPPER "/dev/mapper/"

/* The first of @names, mappings, one a line, as a path; *@names moves behind it. False: that was all. */
bool probe_next_mapping(const char **names, char path[static SYSBLOCK_PATH_BYTES]);

/*
 * The device that @spec (a path, UUID= and the like, MAJOR:MINOR) means, in @path. The mappings in @names
 * (one a line) are tried first, so that other disks are read only when none of them fits.
 *
 * A child reads the disks: one that does not respond would hold process 1. A child that hangs is kept and
 * listened to again at the next call. False: not found, or not yet; @path then has what only a member of was
 * found ("array"), or "".
 */
bool probe_find(const char *spec, const char *names, char path[static SYSBLOCK_PATH_BYTES]);

#endif
