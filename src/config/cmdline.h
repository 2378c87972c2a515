/* SPDX-License-Identifier: MIT */
/*
 * cmdline - the kernel command line: the words of mkinitcpio, Alpine and Debian. Those of latchkey and of
 * systemd it finds in the tables of latchkey_conf.h and rd_luks.h.
 */
#ifndef CONFIG_CMDLINE_H
#define CONFIG_CMDLINE_H

#include "config/parser.h"

/* Read words into statements. */
void cmdline_read(struct parser *p, const char *text);

/* Add the volumes that several words are about: latchkey.device, cryptdevice, cryptroot. */
void cmdline_finish(struct parser *p);

#endif
