/* SPDX-License-Identifier: MIT */
/*
 * console - where init speaks, and the terminal it lends to latchkey.
 *
 * Between the start and the real init the terminal does not echo: what is typed before a
 * prompt, or between two, may be a passphrase and must not reach the screen or a log of
 * the serial line.
 */
#ifndef INIT_CONSOLE_H
#define INIT_CONSOLE_H

#include "base/cause.h"
#include <stdbool.h>

/*
 * Descriptors 0, 1 and 2 become /dev/console. Without a console, those that are closed
 * become /dev/null and /dev/kmsg, so that nothing opened later is mistaken for them.
 */
void console_open(void);

/* Echo off; keeps the first state it meets for console_restore. Repairs what a killed child left. */
void console_hush(void);
void console_restore(void);

/* In a child: own session, console on 0, 1 and 2 as its controlling terminal. */
void console_adopt(void);

/* From now on what need not be read on the console only goes to the kernel's log. */
void console_be_quiet(bool quiet);

/* What is going on, when all goes well: say, unless it is to be quiet. */
void console_tell(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* One line "init: ..." of at most 1 KiB on descriptor 2. */
void console_say(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
