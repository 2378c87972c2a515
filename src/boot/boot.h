/* SPDX-License-Identifier: MIT */
/*
 * boot - `latchkey boot`: open every volume of the plan, with whichever key comes first.
 *
 * One loop, nobody waits for anybody:
 *
 *     devices (uevents) ---> sight ---> volumes that are there, sticks, key devices
 *     key files, sticks ---> fetch --+
 *     consoles, splash screen, FIFO -+--> credentials ---> attempt on each volume that wants one ---> mapping
 *
 * sight, fetch and attempt read devices or compute for long: they are children. The loop itself only talks. Disks on
 * which a child hangs are left alone, with that child (silent.h).
 */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "base/cause.h"
#include "config/plan.h"
#include <stdbool.h>

/*
 * Open all of @plan that is needed, and of the rest what needs no waiting; with @test everything but the mappings. When a
 * volume that is needed fails for good, those that this run opened are closed again. The names of the mappings go to
 * standard output, a line each.
 * Fails: CAUSE_USAGE (nothing in the plan, or not what root= names), and with what the needed volume failed with.
 */
enum cause boot_run(const struct plan *plan, bool test, struct error *err) MUST_USE;

#endif
