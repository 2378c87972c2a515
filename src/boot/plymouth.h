/* SPDX-License-Identifier: MIT */
/* plymouth - a passphrase from the splash screen, where plymouthd runs. */
#ifndef BOOT_PLYMOUTH_H
#define BOOT_PLYMOUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Ask for a passphrase with @before and @prompt, if plymouthd runs and no question is open. An open question
 * is not replaced: plymouthd keeps questions of a client that has gone, and drops their answers.
 */
void plymouth_ask(const char *before, const char *prompt, uint64_t now_ms);

/* For poll(2); -1: no question is open. */
int plymouth_fd(void);

/* Of plymouthd, while a question is open; else 0. */
pid_t plymouth_pid(void);

/*
 * Call when fd is readable. True when an answer is there, perhaps empty: *line, of *len bytes. Then
 * plymouth_close is due.
 */
bool plymouth_take(const uint8_t **line, size_t *len);

/* Wipes the answer. Harmless when no question is open. */
void plymouth_close(void);

#endif
