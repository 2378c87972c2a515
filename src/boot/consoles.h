/* SPDX-License-Identifier: MIT */
/*
 * consoles - one prompt on every console at once.
 *
 * These are all of /sys/class/tty/console/active, and the terminal on standard input. Each console has its
 * own line, edited here, so a half typed one survives messages of ours and of the kernel. Typed characters
 * are not shown.
 */
#ifndef BOOT_CONSOLES_H
#define BOOT_CONSOLES_H

#include "base/cause.h"
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { CONSOLES_MAX = 8, CONSOLES_PASSPHRASE_MAX_BYTES = 512 };

/*
 * Open them, echo off; with @only_ours only the terminal on standard input, if it is one: the others may be
 * in use by the running system. Without any console messages go to standard error and /dev/kmsg alone.
 */
void consoles_open(bool only_ours);

/* From now on messages marked CONSOLES_CHATTER go to the kernel's log only. */
void consoles_be_quiet(void);

/* Restore every terminal. */
void consoles_close(void);

/* At the start of a format: a message that can be left out when all goes well. */
#define CONSOLES_CHATTER "\1"

/*
 * Print "latchkey: " and a line on all consoles, on standard error if that is not one of them, and in
 * /dev/kmsg.
 */
void consoles_say(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* The same for a line as it is, such as a child's output; an empty one is dropped. */
void consoles_copy(const char *line);

/*
 * Prompt. It stays, redrawn below each message, until consoles_status or consoles_rest. @masked: a star for
 * each character.
 */
void consoles_ask(const char *prompt, bool masked);

/* Show @text instead of a prompt; "" for nothing. */
void consoles_status(const char *text);

/* Remove prompt and status, and wipe what was half typed. */
void consoles_rest(void);

/*
 * Do not read terminals that the process @to has open: two readers would each get a part of the input. 0:
 * read all.
 */
void consoles_lend(pid_t to);

/* Fill @fds (room for CONSOLES_MAX + 1) with what is to be polled; returns how many. */
unsigned consoles_poll(struct pollfd *fds);

/*
 * Read what @fds has; true when a line is there, perhaps empty: *line, of *len bytes, until the next call.
 * Call until false.
 */
bool consoles_take(const struct pollfd *fds, unsigned count, const uint8_t **line, size_t *len);

/*
 * The next prompt asks for something else: what is typed until Enter, half of it before, is for neither and
 * dropped. Unless @now: not while somebody types; then false.
 */
bool consoles_turn(bool now);

/* Was ^C pressed on a console since the last call? */
bool consoles_interrupted(void);

/* When a key was last pressed at a prompt, on clock_now_ms's clock. 0: never. */
uint64_t consoles_typed_ms(void);

/* Kernel messages went over the prompt and have paused: call consoles_redraw. */
bool consoles_redraw_due(uint64_t now_ms);
void consoles_redraw(void);

#endif
