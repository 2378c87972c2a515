/* SPDX-License-Identifier: MIT */
/* volume - one volume of the boot configuration, checked on this machine as it is now. */
#ifndef PREFLIGHT_VOLUME_H
#define PREFLIGHT_VOLUME_H

#include "config/plan.h"
#include "preflight/machine.h"
#include "preflight/needs.h"

/* Its device, its header, its keyslots and its keys; what it needs of the kernel is added to @needs. */
void volume_judge(const struct plan_volume *v, const struct machine *m, struct needs *needs,
	struct findings *f);

#endif
