/* SPDX-License-Identifier: MIT */
/* fifo - passphrases that programs write to a named pipe, or to standard input. */
#ifndef BOOT_FIFO_H
#define BOOT_FIFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Made when absent. A @path that cannot be used as a FIFO is reported, and nothing comes from it. */
void fifo_open(const char *path);

/* The lines of standard input instead, to its end. */
void fifo_open_input(void);

/* For poll(2); -1: none is open, or standard input has ended. */
int fifo_fd(void);

/*
 * Call when fd is readable. True when a line is there, perhaps empty: *line, of *len bytes, until fifo_wipe,
 * which is due in either case.
 */
bool fifo_take(const uint8_t **line, size_t *len);
void fifo_wipe(void);

/* Removes it if it was made here. */
void fifo_close(void);

#endif
