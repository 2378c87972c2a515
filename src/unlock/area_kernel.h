/* SPDX-License-Identifier: MIT */
/*
 * area_kernel - keyslot areas in ciphers that only the kernel has: keyslot's foreign_cipher on dm's
 * temporary mapping.
 */
#ifndef UNLOCK_AREA_KERNEL_H
#define UNLOCK_AREA_KERNEL_H

#include "device/blkdev.h"
#include "keyslot/keyslot.h"

/* The header device; it outlives the foreign_cipher made from it. */
struct foreign_cipher area_kernel(const struct blkdev *header);

#endif
