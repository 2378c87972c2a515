/* SPDX-License-Identifier: MIT */
/*
 * latchkey_conf - latchkey's own words: latchkey.WORD on the kernel command line, WORD on a line of
 * latchkey.conf.
 */
#ifndef CONFIG_LATCHKEY_CONF_H
#define CONFIG_LATCHKEY_CONF_H

#include "config/parser.h"

/* Read lines into statements. */
void latchkey_conf_read(struct parser *p, const char *text);

/* Read one word, without its prefix, into a statement. */
void latchkey_conf_word(struct parser *p, char *word, char *value);

/* Add the volume that several words of @source are about. */
void latchkey_conf_finish(struct parser *p, enum parser_source source);

#endif
