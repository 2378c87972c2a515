/* SPDX-License-Identifier: MIT */
/*
 * prompt - a passphrase from a person, or one line from a pipe.
 *
 * On a terminal: echo off, restored on every path and signal, one line of at most 512
 * bytes without its newline. When standard input is no terminal: its first line.
 */
#ifndef SECRET_PROMPT_H
#define SECRET_PROMPT_H

#include "base/cause.h"
#include "secret/secret.h"
#include <stdbool.h>

enum { PROMPT_MAX_BYTES = 512 };

/* Will prompt_read ask a person? (Then a wrong passphrase is worth another question.) */
bool prompt_is_interactive(void);

/*
 * Ask for the passphrase of @what; wait at most @timeout_s seconds for it (0: no limit).
 * Fails: CAUSE_USAGE (no line, or too long a one, on a pipe, nothing typed in time),
 * CAUSE_DEVICE (the terminal is gone), CAUSE_RESOURCE.
 */
enum cause prompt_read(const char *what, unsigned timeout_s, struct secret *out, struct error *err) MUST_USE;

/*
 * Ask a person on the terminal for the one line that @question wants. It may be empty; a line that is too
 * long becomes that.
 * Fails: CAUSE_DEVICE (there is no terminal), CAUSE_RESOURCE.
 */
enum cause prompt_ask(const char *question, struct secret *out, struct error *err) MUST_USE;

#endif
