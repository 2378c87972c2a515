/* SPDX-License-Identifier: MIT */
/*
 * sight - one look at the machine's devices: which volumes, key devices and sticks are there.
 *
 * All of it is reading, which can hang: sight_look runs in a child and leaves its findings in shared memory.
 */
#ifndef BOOT_SIGHT_H
#define BOOT_SIGHT_H

#include "boot/child.h"
#include "config/plan.h"
#include "device/find.h"
#include "unlock/unlock.h"

enum { SIGHT_STICKS_MAX = 16 };

struct sight_volume {
	/* In: */
	bool wanted;        /* its keys' devices */
	bool absent;        /* its own device, too: what is being tried is left alone */
	const char *header; /* instead of the volume's own; NULL: none */
	/* Out: */
	bool looked; /* last: what follows is whole */
	bool mapped; /* its name is taken already */
	char path[SYSBLOCK_PATH_BYTES];
	enum cause cause; /* why it cannot be opened with any key, err says it; CAUSE_OK: it can */
	struct error err;
	const char *whole; /* "array": only a member of one was found; NULL otherwise */
	struct unlock_look look;
	/* Devices of its keys and its header, in the plan's order; "" is not there. */
	char key_devices[PLAN_KEYS_MAX][SYSBLOCK_PATH_BYTES], header_device[SYSBLOCK_PATH_BYTES];
};

/* A filesystem on something removable. */
struct sight_stick {
	char path[SYSBLOCK_PATH_BYTES];
	char fstype[16];
	uint64_t plugged; /* another number when it was pulled and plugged again */
};

struct sight {
	const struct plan *plan;
	bool test; /* no mapping is to be made */
	struct sight_volume volumes[PLAN_VOLUMES_MAX];
	struct sight_stick sticks[SIGHT_STICKS_MAX];
	unsigned stick_count;
};

/* A child_work; @arg is the struct sight, in memory that the caller shares with it. Never fails. */
enum cause sight_look(void *arg, struct child_end *end, struct error *err);

/* What was found; no page is used for volumes that the plan does not have. */
void sight_copy(struct sight *to, const struct sight *from);

/* What the plan says of @volume, as a request; @path and @header (or NULL) are what was found. */
struct unlock_request sight_wishes(const struct plan_volume *volume, const char *path, const char *header);

bool sight_is_there(const char *path);

/* Tells one plugging of the device at @path from the next. 0: it is not there. */
uint64_t sight_plugged(const char *path);

#endif
