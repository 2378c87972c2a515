/* SPDX-License-Identifier: MIT */
/* plymouth - a passphrase from the splash screen, where plymouthd runs. */
#ifndef BOOT_PLYMOUTH_H
#define BOOT_PLYMOUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Put the question @prompt, if there is a plymouthd and none is open. @again: the answer before was wrong. One that is
 * open stays as it is: plymouthd keeps questions whose asker has gone, and throws their answers away.
 */
void plymouth_ask(const char *prompt, bool again, uint64_t now_ms);

/* For poll(2); -1: no question is open. */
int plymouth_fd(void);

/* plymouthd, while a question is open; else 0. */
pid_t plymouth_pid(void);

/* Call when fd is readable. True when a passphrase is there: *line, of *len bytes, until plymouth_close, which is due then. */
bool plymouth_take(const uint8_t **line, size_t *len);

/* Harmless when no question is open. */
void plymouth_close(void);

#endif
