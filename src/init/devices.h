/* SPDX-License-Identifier: MIT */
/*
 * devices - which block devices exist: the line that saves a person at a dead console.
 */
#ifndef INIT_DEVICES_H
#define INIT_DEVICES_H

#include <stdbool.h>

/* Say one line: the block devices of /sys/class/block that have a size, with their sizes. */
void devices_say(void);

/* Does @path lead to a block device? */
bool devices_is_block(const char *path);

/* Two nodes of one block device? */
bool devices_are_same(const char *a, const char *b);

#endif
