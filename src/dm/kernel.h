/* SPDX-License-Identifier: MIT */
/*
 * kernel - the second seam: everything that mapping asks of the kernel.
 *
 * One function for the device-mapper ioctl and two for the key: so that what we send can
 * be compared byte for byte, and every failure injected.
 */
#ifndef DM_KERNEL_H
#define DM_KERNEL_H

#include "base/cause.h"
#include <stdint.h>

struct kernel {
	/* ioctl(2) on /dev/mapper/control. Returns 0 or an errno. */
	int (*dm_ioctl)(void *ctx, unsigned long request, void *dm_ioctl_buffer);
	/* Put a logon key under @description where the load can find it. Returns 0 or an errno; sets @id. */
	int (*key_add)(void *ctx, const char *description, const uint8_t *key, uint32_t key_bytes,
		int32_t *id);
	/* Take it away again; dm-crypt has its own copy by then. */
	void (*key_drop)(void *ctx, int32_t id);
	void *ctx;
};

/*
 * The running kernel. Makes /dev/mapper/control if it is missing.
 * Fails: CAUSE_KERNEL (no device-mapper), CAUSE_USAGE (not root).
 */
enum cause kernel_open(struct kernel *k, struct error *err) MUST_USE;

void kernel_close(struct kernel *k);

#endif
