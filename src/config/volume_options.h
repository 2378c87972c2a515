/* SPDX-License-Identifier: MIT */
/*
 * volume_options - crypttab's fourth field, in the words of systemd and of Debian, and the same words for all
 * volumes.
 */
#ifndef CONFIG_VOLUME_OPTIONS_H
#define CONFIG_VOLUME_OPTIONS_H

#include "config/parser.h"

/* Options between commas, into @d; NULL is none. Notes what is unknown, ignored or refused. */
void volume_options_read(struct parser *p, struct draft *d, char *list);

/*
 * One option into @d; into p->defaults one for all volumes, or a setting of the plan. Notes an invalid
 * value. False: there is no option of that name.
 */
bool volume_options_set(struct parser *p, struct draft *d, const char *name, char *value);

/* What is set for all holds where @d sets nothing. */
void volume_options_inherit(const struct draft *defaults, struct draft *d);

/* The options of @v as crypttab would have them, "" when there are none. */
void volume_options_show(const struct plan_volume *v, char *out, size_t size);

#endif
