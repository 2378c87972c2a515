/* SPDX-License-Identifier: MIT */
/* crypttab - systemd's and Debian's crypttab(5), read as one. */
#ifndef CONFIG_CRYPTTAB_H
#define CONFIG_CRYPTTAB_H

#include "config/parser.h"

/*
 * Read lines into statements. A crypttab in the initramfs may be the whole system's. When lines of it are
 * marked (x-initrd.attach, initramfs, dracut's force) they are meant; without any mark all are, and always
 * the one that root= names. Then only that one is sure to be: the key of another line may be on the root
 * that is being opened.
 */
void crypttab_read(struct parser *p, const char *text);

/* Add the volume of the four fields in @s. @override is what rd.luks.* sets for it, or NULL. */
void crypttab_add(struct parser *p, const struct statement *s, enum plan_need need, struct draft *override);

#endif
