/* SPDX-License-Identifier: MIT */
/* clevis - a clevis token: its servers, and what the image has of a network. */
#ifndef PREFLIGHT_CLEVIS_H
#define PREFLIGHT_CLEVIS_H

#include "preflight/findings.h"
#include "preflight/machine.h"
#include <stddef.h>

/*
 * @text is the token's JSON; @where names the volume and @what the token. Reads /sys/class/net. Asks no
 * server.
 */
void clevis_judge(const char *text, size_t len, const struct machine *m, const char *where, const char *what,
	struct findings *f);

#endif
