/* SPDX-License-Identifier: MIT */
/* node - /dev/mapper/NAME, when nobody else makes it. */
#ifndef DM_NODE_H
#define DM_NODE_H

#include "base/cause.h"
#include <stdint.h>

/*
 * Make sure that /dev/mapper/@name is the device @dev (the kernel's number). With udev
 * running it gets some seconds to do so; without it, or when it does not, we do.
 * Fails: CAUSE_KERNEL.
 */
enum cause node_make(const char *name, uint64_t dev, struct error *err) MUST_USE;

/* After a removal: take the node away if it is still there. */
void node_remove(const char *name);

#endif
