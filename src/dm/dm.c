/* SPDX-License-Identifier: MIT */
/* dm - see dm.h. */
#include "dm/dm.h"
#include "base/text.h"
#include "secret/arena.h"
#include "secret/wipe.h"
#include <errno.h>
#include <linux/dm-ioctl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

/*
 * What libdevmapper sends with every resume and removal: a udev cookie of 0 with
 * DM_UDEV_PRIMARY_SOURCE_FLAG above it. Without it udev's rules take the device for one
 * that is not set up, and systemd waits for it indefinitely.
 */
enum { PRIMARY_SOURCE_EVENT = 0x0040 << 16 };

/* No subsystem, disk or other rules: what cryptsetup asks for its own temporary mappings. */
enum { UNANNOUNCED_EVENT = (0x0040 | 0x0002 | 0x0004 | 0x0008) << 16 };

/*
 * What libdevmapper sends with every request for a device that is there. The kernel takes
 * no notice of it and its header does not name it any more.
 */
enum { DM_EXISTS_FLAG = 1 << 2 };

enum { BUFFER_BYTES = 16384, REMOVE_ATTEMPTS = 20, REMOVE_PAUSE_MS = 50 };

/* One ioctl: the fixed header and room for what goes in or comes out behind it. */
struct request {
	struct dm_ioctl head;
	uint8_t payload[BUFFER_BYTES - sizeof(struct dm_ioctl)];
};

static void prepare(struct request *r, const char *name, uint64_t dev, uint32_t flags)
{
	memset(r, 0, sizeof(*r));
	/* The oldest interface with everything used here; the kernel only wants the major to agree. */
	r->head.version[0] = DM_VERSION_MAJOR;
	r->head.data_size = sizeof(*r);
	r->head.data_start = sizeof(r->head);
	r->head.flags = flags;
	r->head.dev = dev;
	if (name)
		text_format(r->head.name, sizeof(r->head.name), "%s", name);
}

static int run(const struct kernel *k, unsigned long request, struct request *r)
{
	int os_errno;

	do
		os_errno = k->dm_ioctl(k->ctx, request, r);
	while (os_errno == EINTR);
	return os_errno;
}

static void read_version(const uint8_t *payload, size_t at, struct dm_version *v)
{
	struct dm_target_versions found;

	memcpy(&found, payload + at, sizeof(found));
	*v = (struct dm_version){found.version[0], found.version[1], found.version[2]};
}

/* Look through the list of target types for @name. */
static bool find_in_list(const struct request *r, const char *name, struct dm_version *v)
{
	size_t at = 0, len = strlen(name) + 1;

	while (at + sizeof(struct dm_target_versions) + len <= sizeof(r->payload)) {
		struct dm_target_versions entry;

		memcpy(&entry, r->payload + at, sizeof(entry));
		if (!memcmp(r->payload + at + sizeof(entry), name, len)) {
			read_version(r->payload, at, v);
			return true;
		}
		if (!entry.next)
			break;
		at += entry.next;
	}
	return false;
}

enum cause dm_version(const struct kernel *k, enum target_type type, struct dm_version *v, struct error *err)
{
	const char *name = target_type_name(type);
	struct request r;
	enum cause cause = CAUSE_OK;
	int os_errno;

	/* Asking for one type by name also loads its module, where the kernel can. */
	prepare(&r, name, 0, 0);
	os_errno = run(k, DM_GET_TARGET_VERSION, &r);
	if (!os_errno) {
		read_version(r.payload, 0, v);
	} else if (os_errno == ENOTTY) {
		prepare(&r, NULL, 0, 0);
		os_errno = run(k, DM_LIST_VERSIONS, &r);
		/* A list of what is loaded: the kernel may have the module all the same. */
		if (!os_errno && !find_in_list(&r, name, v))
			cause = error_set(err, CAUSE_KERNEL, "dm-%s is not loaded: load the module dm_%s",
				name, name);
	}
	if (os_errno == EINVAL)
		cause = error_set(err, CAUSE_KERNEL, "this kernel has no dm-%s: load the module dm_%s", name,
			name);
	else if (os_errno)
		cause = error_set_os(err, CAUSE_KERNEL, os_errno, "device-mapper does not answer");
	return cause;
}

enum cause dm_find(const struct kernel *k, const char *name, bool *found, struct dm_status *st,
	struct error *err)
{
	struct request r;
	enum cause cause = CAUSE_OK;
	int os_errno;

	prepare(&r, name, 0, 0);
	os_errno = run(k, DM_DEV_STATUS, &r);
	*found = !os_errno;
	if (!os_errno) {
		st->dev = r.head.dev;
		text_format(st->uuid, sizeof(st->uuid), "%s", r.head.uuid);
	} else if (os_errno != ENXIO) {
		cause = error_set_os(err, CAUSE_KERNEL, os_errno, "%s: device-mapper does not answer", name);
	}
	return cause;
}

enum cause dm_create(const struct kernel *k, const char *name, const char *uuid, uint64_t *dev,
	struct error *err)
{
	struct request r;
	enum cause cause = CAUSE_OK;
	int os_errno;

	prepare(&r, name, 0, 0);
	text_format(r.head.uuid, sizeof(r.head.uuid), "%s", uuid);
	os_errno = run(k, DM_DEV_CREATE, &r);
	*dev = r.head.dev;
	if (os_errno == EBUSY)
		cause = error_set(err, CAUSE_EXISTS, "%s: a mapping of that name or of that volume exists",
			name);
	else if (os_errno)
		cause = error_set_os(err, CAUSE_KERNEL, os_errno, "%s: cannot create the mapping", name);
	return cause;
}

/* False when there is no room for all of it. */
static bool put_table(struct request *r, const struct table *t)
{
	uint64_t start = 0;
	size_t at = 0;

	for (unsigned i = 0; i < t->count; i++) {
		struct dm_target_spec spec = {.sector_start = start, .length = t->targets[i].size_sectors};
		size_t line = at + sizeof(spec), used;

		if (line > sizeof(r->payload) - 8)
			return false;
		used = target_format(t, &t->targets[i], (char *)r->payload + line,
			sizeof(r->payload) - line - 7);
		if (!used)
			return false;
		/* The next one is aligned to 8 bytes. */
		spec.next = (uint32_t)(sizeof(spec) + (used + 1 + 7) / 8 * 8);
		text_format(spec.target_type, sizeof(spec.target_type), "%s",
			target_type_name(t->targets[i].type));
		memcpy(r->payload + at, &spec, sizeof(spec));
		at += spec.next;
		start += spec.length;
	}
	r->head.target_count = t->count;
	return true;
}

static enum cause load_error(int os_errno, struct error *err)
{
	switch (os_errno) {
	case EBUSY:
		return error_set_os(err, CAUSE_EXISTS, os_errno, "the data device is in use");
	case ENOMEM:
		return error_set_os(err, CAUSE_RESOURCE, os_errno,
			"the kernel has no memory for the mapping");
	case ENOENT:
		return error_set_os(err, CAUSE_KERNEL, os_errno,
			"this kernel lacks the cipher or a module of it");
	default:
		return error_set_os(err, CAUSE_KERNEL, os_errno, "the kernel refused the table");
	}
}

/* In the arena: the table may hold the key. */
enum cause dm_load(const struct kernel *k, uint64_t dev, const struct table *t, struct error *err)
{
	uint32_t flags = DM_EXISTS_FLAG | DM_PERSISTENT_DEV_FLAG | DM_SECURE_DATA_FLAG;
	size_t mark = arena_mark();
	struct request *r;
	enum cause cause = arena_get(&r, sizeof(*r), err);
	int os_errno = 0;

	if (cause)
		return cause;
	/* Interrupted or not, the kernel has wiped the buffer: fill it each time. */
	do {
		prepare(r, NULL, dev, flags | (t->read_only ? DM_READONLY_FLAG : 0));
		if (put_table(r, t))
			os_errno = k->dm_ioctl(k->ctx, DM_TABLE_LOAD, r);
		else
			cause = error_set(err, CAUSE_BUG, "table does not fit");
	} while (os_errno == EINTR && !cause);
	if (os_errno && !cause)
		cause = load_error(os_errno, err);
	arena_release(mark);
	return cause;
}

static enum cause resume(const struct kernel *k, uint64_t dev, uint32_t event, struct error *err)
{
	struct request r;
	enum cause cause = CAUSE_OK;
	int os_errno;

	prepare(&r, NULL, dev, DM_EXISTS_FLAG | DM_PERSISTENT_DEV_FLAG);
	r.head.event_nr = event;
	/* The ioctl is called suspend; without the suspend flag it resumes. */
	os_errno = run(k, DM_DEV_SUSPEND, &r);
	if (os_errno)
		cause = error_set_os(err, CAUSE_KERNEL, os_errno, "cannot activate the mapping");
	return cause;
}

enum cause dm_resume(const struct kernel *k, uint64_t dev, struct error *err)
{
	return resume(k, dev, PRIMARY_SOURCE_EVENT, err);
}

enum cause dm_resume_unannounced(const struct kernel *k, uint64_t dev, struct error *err)
{
	return resume(k, dev, UNANNOUNCED_EVENT, err);
}

enum cause dm_remove(const struct kernel *k, const char *name, struct error *err)
{
	struct request r;
	enum cause cause = CAUSE_OK;
	int os_errno = 0;

	for (int i = 0; i < REMOVE_ATTEMPTS; i++) {
		prepare(&r, name, 0, DM_EXISTS_FLAG);
		r.head.event_nr = PRIMARY_SOURCE_EVENT;
		os_errno = run(k, DM_DEV_REMOVE, &r);
		if (os_errno != EBUSY)
			break;
		/* udev opens new and changed devices for a moment. */
		(void)poll(NULL, 0, REMOVE_PAUSE_MS);
	}
	if (os_errno == EBUSY)
		cause = error_set(err, CAUSE_EXISTS, "%s: is in use", name);
	else if (os_errno == ENXIO)
		cause = error_set(err, CAUSE_DEVICE, "%s: no such mapping", name);
	else if (os_errno)
		cause = error_set_os(err, CAUSE_KERNEL, os_errno, "%s: cannot remove the mapping", name);
	return cause;
}
