/* SPDX-License-Identifier: MIT */
/*
 * consoles - one prompt on every console at once.
 *
 * All of /sys/class/tty/console/active, and the terminal of whoever started us. Each console has its own line,
 * edited here: a half typed one survives messages of ours and of the kernel. Nothing that is typed shows.
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

/* Open them, echo off; with @only_ours none but the terminal of who started us, if there is one. Not finding any is no failure: messages then go to standard error and /dev/kmsg alone. */
void consoles_open(bool only_ours);

/* From now on chatter only goes to the kernel's log. */
void consoles_be_quiet(void);

/* Give every terminal back as it was. */
void consoles_close(void);

unsigned consoles_count(void);

/* In front of a text: good to know when all goes well. */
#define CONSOLES_CHATTER "\1"

/* A line for everybody: consoles, standard error where that is none of them, and /dev/kmsg. Chatter need not be shown. */
void consoles_say(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Ask; the prompt stays, redrawn below whatever is said, until consoles_rest. @masked: a star for each character. */
void consoles_ask(const char *prompt, bool masked);

/* Something is going on: @text stands where the prompt was. "" takes it away. */
void consoles_status(const char *text);

/* No prompt any more; what was half typed is forgotten. */
void consoles_rest(void);

/* Leave those terminals that the process @to has open to it: two readers would share what is typed. 0: to nobody. */
void consoles_lend(pid_t to);

/* Fill @fds (CONSOLES_MAX + 1 have room) with what is to be polled; returns how many. */
unsigned consoles_poll(struct pollfd *fds);

/* Take what @fds has; true when a passphrase is there: *line, of *len bytes, until the next call. Call until false. */
bool consoles_take(const struct pollfd *fds, unsigned count, const uint8_t **line, size_t *len);

/* When a person last pressed a key while a question stood, on child_now_ms's clock. 0: never. */
uint64_t consoles_typed_ms(void);

/* The prompt again, below kernel messages that went over it; call at a quiet moment. True when that is needed. */
bool consoles_redraw_due(uint64_t now_ms);
void consoles_redraw(void);

#endif
