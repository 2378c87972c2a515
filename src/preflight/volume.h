/* SPDX-License-Identifier: MIT */
/* volume - one volume of the boot configuration, checked on this machine as it is now. */
#ifndef PREFLIGHT_VOLUME_H
#define PREFLIGHT_VOLUME_H

#include "config/plan.h"
#include "preflight/needs.h"

struct machine {
	const char *root;    /* where the installed system is: "" or a folder without a slash at its end */
	uint64_t memory_kib; /* in all; UINT64_MAX: unknown */
	const struct image *image;
};

/*
 * Its device, its header, its keyslots and its keys; what it needs of the kernel is added to @needs.
 * @headless: nobody is asked, for whatever volume.
 */
void volume_judge(const struct plan_volume *v, bool headless, const struct machine *m, struct needs *needs,
	struct findings *f);

#endif
