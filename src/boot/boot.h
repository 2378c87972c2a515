/* SPDX-License-Identifier: MIT */
/*
 * boot - `latchkey boot`: open every volume of the plan, with whichever key comes first.
 *
 * One loop that never blocks:
 *
 *     devices (uevents) ---> scan ---> volumes, sticks and key devices that are present
 *     key files, sticks ---> fetch --+
 *     consoles, splash screen, FIFO -+--> credentials ---> attempt on each volume that needs one ---> mapping
 *
 * scan, fetch and attempt read devices or compute for long: they are children. A disk on which a child
 * stalls is set aside together with that child (stall.h).
 */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "base/cause.h"
#include "config/plan.h"
#include <stdbool.h>

/*
 * Open all volumes of @plan that are needed, and of the others those that need no waiting; with @test
 * everything but the mappings. When a needed volume fails for good, those that this run opened are closed
 * again. The names of the mappings go to standard output, one a line.
 * Fails: CAUSE_USAGE (the plan is empty, has volumes with noauto alone, or lacks what root= names), and the
 * cause of the needed volume that failed.
 */
enum cause boot_run(const struct plan *plan, bool test, struct error *err) MUST_USE;

#endif
