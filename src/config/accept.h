/* SPDX-License-Identifier: MIT */
/* accept - a draft into the plan, or the reason why not. */
#ifndef CONFIG_ACCEPT_H
#define CONFIG_ACCEPT_H

#include "config/parser.h"

/*
 * Put @d into the plan, with a key or with the place where systemd looks for one, and with the defaults
 * where it sets nothing. Notes why it is left out: it is refused, not valid, its name or device is taken,
 * or the plan is full. The volume that root= names takes the place of another.
 */
void accept_draft(struct parser *p, struct draft *d);

/* How many characters that a UUID may have, in any order, @text begins with. */
size_t accept_uuid_chars(const char *text);

#endif
