/* SPDX-License-Identifier: MIT */
/* rd_luks - rd.luks.* of the kernel command line: systemd's meaning, and dracut's forms where they differ. */
#ifndef CONFIG_RD_LUKS_H
#define CONFIG_RD_LUKS_H

#include "config/parser.h"

/* The words, without "rd." in front. */
extern const struct parser_word rd_luks_words[];

/* What they set for the volume on @device, to be called @name; NULL: nothing. */
struct draft *rd_luks_find(struct parser *p, const char *device, const char *name);

/* Do they open a volume under the name @name? */
bool rd_luks_opens(const struct parser *p, const char *name);

/* The name, device and keys of @override replace those of @d. */
void rd_luks_apply(struct parser *p, struct draft *override, struct draft *d);

/* Add the volumes that they open and that crypttab did not have. */
void rd_luks_finish(struct parser *p);

#endif
