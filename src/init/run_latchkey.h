/* SPDX-License-Identifier: MIT */
/*
 * run_latchkey - run `latchkey boot` until everything is open.
 *
 * Returns only then; every other end is stop_machine().
 */
#ifndef INIT_RUN_LATCHKEY_H
#define INIT_RUN_LATCHKEY_H

#include "config/plan.h"
#include "init/cmdline.h"

enum { RUN_LATCHKEY_NAMES_BYTES = PLAN_VOLUMES_MAX * 128 + 1 };

/* @w->keymap: that is loaded. @names are the mappings', each with its newline, "" when there is none. */
void run_latchkey(const struct init_cmdline *w, char names[static RUN_LATCHKEY_NAMES_BYTES]);

/* Remove the mappings, the last one first, with a message: they are not needed any more. Cuts @names. */
void run_latchkey_undo(char *names);

#endif
