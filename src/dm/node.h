/* SPDX-License-Identifier: MIT */
/* node - /dev/mapper/NAME, if there is no udev to make it. */
#ifndef DM_NODE_H
#define DM_NODE_H

#include "base/cause.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * Make sure that /dev/mapper/@name is the device @dev (the kernel's number). With udev
 * running it gets some seconds to do so, unless @private: its rules may leave the mapping alone.
 * Without it, or when it does not, we do.
 * Fails: CAUSE_KERNEL.
 */
enum cause node_make(const char *name, uint64_t dev, bool private, struct error *err) MUST_USE;

/*
 * Open the device @dev read-only through a node that exists only briefly: it is made
 * in /dev under @name and removed at once. Returns a descriptor, or -1 with errno.
 */
int node_open_private(uint64_t dev, const char *name);

/* After a removal: take the node away if it is still there. */
void node_remove(const char *name);

#endif
