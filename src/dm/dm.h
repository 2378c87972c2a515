/* SPDX-License-Identifier: MIT */
/*
 * dm - device-mapper's ioctls, one function each (kernel: uapi/linux/dm-ioctl.h).
 *
 *     create -> suspended, no table;  load -> table in the inactive slot;  resume -> active
 *
 * Names and UUIDs here are the kernel's, at most 127 and 128 bytes.
 */
#ifndef DM_DM_H
#define DM_DM_H

#include "dm/kernel.h"
#include "dm/target.h"

enum { DM_NAME_BYTES = 128, DM_UUID_BYTES = 129 };

struct dm_version {
	uint32_t major, minor, patch;
};

/* What is known of a mapping. */
struct dm_status {
	uint64_t dev; /* the kernel's device number */
	char uuid[DM_UUID_BYTES];
};

/* A device number is as the kernel packs it for user space (huge_encode_dev). */
static inline unsigned dm_major(uint64_t dev)
{
	return (unsigned)(dev >> 8 & 0xfff);
}

static inline unsigned dm_minor(uint64_t dev)
{
	return (unsigned)((dev & 0xff) | (dev >> 12 & 0xfffff00));
}

/* The version of the target type @type. Fails: CAUSE_KERNEL (the kernel does not have it). */
enum cause dm_version(const struct kernel *k, enum target_type type, struct dm_version *v,
	struct error *err) MUST_USE;

/* Is there a mapping called @name? Fails: CAUSE_KERNEL. */
enum cause dm_find(const struct kernel *k, const char *name, bool *found, struct dm_status *st,
	struct error *err) MUST_USE;

/* Fails: CAUSE_EXISTS (name or UUID taken), CAUSE_KERNEL. */
enum cause dm_create(const struct kernel *k, const char *name, const char *uuid, uint64_t *dev,
	struct error *err) MUST_USE;

/*
 * Load @t into the mapping @dev. The kernel wipes the buffer that it was sent in, and so do we.
 * err->os_errno is the kernel's own word. Fails: CAUSE_EXISTS (data device busy),
 * CAUSE_RESOURCE, CAUSE_KERNEL, CAUSE_BUG (the table does not fit the request).
 */
enum cause dm_load(const struct kernel *k, uint64_t dev, const struct table *t, struct error *err) MUST_USE;

/* Make the loaded table live, with the flag that tells udev it is. Fails: CAUSE_KERNEL. */
enum cause dm_resume(const struct kernel *k, uint64_t dev, struct error *err) MUST_USE;

/* The same for a private mapping: udev's rules leave it alone. Fails: CAUSE_KERNEL. */
enum cause dm_resume_unannounced(const struct kernel *k, uint64_t dev, struct error *err) MUST_USE;

/*
 * Remove by name; tries again for a second while somebody looks at it. Fails: CAUSE_EXISTS (in use),
 * CAUSE_KERNEL.
 */
enum cause dm_remove(const struct kernel *k, const char *name, struct error *err) MUST_USE;

#endif
