/* SPDX-License-Identifier: MIT */
/*
 * cmdline - the kernel command line: the words of mkinitcpio, Alpine and Debian, and which of them the other dialects
 * have.
 */
#ifndef CONFIG_CMDLINE_H
#define CONFIG_CMDLINE_H

#include "config/parser.h"

/* Read words into statements. */
void cmdline_read(struct parser *p, const char *text);

/* Add the volumes that several words are about: latchkey.device, cryptdevice, cryptroot. */
void cmdline_finish(struct parser *p);

#endif
