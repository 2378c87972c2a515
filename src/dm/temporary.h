/* SPDX-License-Identifier: MIT */
/*
 * temporary - let the kernel decrypt some sectors, through a mapping that lives no longer.
 *
 * For ciphers that are not our own code. It needs no AF_ALG, which kernels are dropping,
 * and works wherever the kernel can map the volume itself.
 */
#ifndef DM_TEMPORARY_H
#define DM_TEMPORARY_H

#include "base/bytes.h"
#include "dm/kernel.h"
#include "dm/target.h"

/*
 * Read what @t maps with @key, which goes into the table, into @out, t->size_sectors * 512
 * bytes. The mapping is read-only, has a random name and a UUID of type TEMP, no node
 * stays, and it is removed on every path. Read past the page cache where the kernel allows it.
 * Fails: CAUSE_KERNEL, CAUSE_DEVICE (the sectors cannot be read), CAUSE_RESOURCE.
 */
enum cause temporary_read(const struct kernel *k, const struct target *t, struct bytes key, uint8_t *out,
	struct error *err) MUST_USE;

#endif
