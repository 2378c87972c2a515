/* SPDX-License-Identifier: MIT */
/*
 * folder - the names in a folder, without a heap.
 *
 * opendir(3) allocates; it would be the only reason for an allocator in the program.
 */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct folder {
	int fd;
	size_t at, end; /* in buffer */
	uint8_t buffer[2048] __attribute__((aligned(8)));
};

/* False, with errno, when @path is no folder that can be read. */
bool folder_open(struct folder *f, const char *path);

/* Of the open folder @fd, which folder_close closes. */
void folder_take(struct folder *f, int fd);

/* The next name that does not begin with a dot, or NULL. It lives until the next call. */
const char *folder_next(struct folder *f);

/* The same, of all names but "." and "..". */
const char *folder_next_of_all(struct folder *f);

void folder_close(struct folder *f);

#endif
