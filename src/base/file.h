/* SPDX-License-Identifier: MIT */
/* file - a small file of text, whole: of /proc, of /sys, of a configuration. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Read @path into @buf (@size bytes, at least 1), with a NUL behind it in any case. Returns its bytes.
 * Fails: -1 with errno; with EFBIG it has more than @size - 1 bytes, and @buf has the first of them, else "".
 */
ssize_t file_read(const char *path, void *buf, size_t size);

#endif
