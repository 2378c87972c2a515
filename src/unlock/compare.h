/* SPDX-License-Identifier: MIT */
/* compare - a detached header and the header on the data device. */
#ifndef UNLOCK_COMPARE_H
#define UNLOCK_COMPARE_H

#include "unlock/luks_device.h"

/*
 * A notice that lists all differences, if there are any: another UUID, an older header, data in another
 * place.
 */
void compare_headers(const struct luks_device *d);

#endif
