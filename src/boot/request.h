/* SPDX-License-Identifier: MIT */
/* request - what the configuration says of a volume, as a request to unlock it. */
#ifndef BOOT_REQUEST_H
#define BOOT_REQUEST_H

#include "config/plan.h"
#include "unlock/unlock.h"

/*
 * @path is the volume's device and @header its header in memory (NULL: none was fetched). Both must outlive
 * the result.
 */
struct unlock_request request_make(const struct plan_volume *volume, const char *path, const char *header);

#endif
