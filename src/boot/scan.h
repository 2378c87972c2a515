/* SPDX-License-Identifier: MIT */
/*
 * scan - a child's work: which volumes, key devices and sticks are present.
 *
 * All of it is reading, which can hang: scan_run runs in a child and leaves its findings in shared memory.
 */
#ifndef BOOT_SCAN_H
#define BOOT_SCAN_H

#include "boot/child.h"
#include "config/plan.h"
#include "device/find.h"
#include "unlock/unlock.h"

enum { SCAN_STICKS_MAX = 16 };

struct scan_volume {
	/* In: */
	bool wanted;        /* find the devices of its keys and its header */
	bool absent;        /* and its own device; a volume that is being tried is not touched */
	bool ready;         /* its device is at path: is it still the one that its name leads to? */
	const char *header; /* instead of the volume's own; NULL: none */
	bool by_chance;     /* it must have the UUID that is asked for, or can still be read on the volume */
	/* Out: */
	bool judged;                    /* its header was read, or could not be */
	bool looked;                    /* written last: what follows is complete */
	bool instead;                   /* path is not the device that err is about, which comes first */
	bool mapped;                    /* the name of its mapping exists already */
	char path[SYSBLOCK_PATH_BYTES]; /* with ready: in, too */
	enum cause cause;               /* why no key can open it, in words in err; CAUSE_OK: one can */
	struct error err;
	const char *whole;                     /* "array": only a member of one was found; NULL otherwise */
	char lost_uuid[SUPERBLOCK_UUID_BYTES]; /* what can be told of a damaged header; else "" */
	struct unlock_look look;
	/* Of its keys, in the plan's order, and of its header; what is no path says why it was not found. */
	char key_devices[PLAN_KEYS_MAX][SYSBLOCK_PATH_BYTES], header_device[SYSBLOCK_PATH_BYTES];
};

/* A filesystem on a removable device. */
struct scan_stick {
	char path[SYSBLOCK_PATH_BYTES];
	char fstype[16];
	uint64_t plugged; /* plugged.h */
};

struct scan {
	const struct plan *plan;
	bool test;            /* no mapping is to be made */
	unsigned stick_count; /* of more than fit, those that were plugged in last */
	uint64_t devices;     /* changes when a device comes or goes */
	struct scan_volume volumes[PLAN_VOLUMES_MAX];
	struct scan_stick sticks[SCAN_STICKS_MAX];
};

/* A child_work; @arg is the struct scan, in memory that the caller shares with it. Never fails. */
enum cause scan_run(void *arg, struct child_end *end, struct error *err);

/* The findings; touches no page of volumes that the plan does not have. */
void scan_copy(struct scan *to, const struct scan *from, unsigned volumes);

bool scan_exists(const char *path);

#endif
