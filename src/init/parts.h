/* SPDX-License-Identifier: MIT */
/*
 * parts - a root filesystem on several volumes: what the kernel has to be told before the mount.
 *
 * @names are always the mappings that were opened, one a line. No other device counts: a device of the
 * same UUID may be on anybody's disk. rootflags= can name one.
 */
#ifndef INIT_PARTS_H
#define INIT_PARTS_H

#include <stddef.h>

/* Make the mappings known to btrfs, which finds the other devices only among those that it was told of. */
void parts_join(const char *names);

/*
 * If @device has an ext3 or ext4 whose journal is on one of @names, add the mount option that says where to
 * @data, a comma list of mount options in @size bytes. An option of the user's for that wins.
 */
void parts_add_journal(const char *device, const char *names, char *data, size_t size);

/*
 * After a root that was not found or not mounted: one line for each mapping that is a part of something that
 * is incomplete, or that init does not start.
 */
void parts_explain(const char *names);

#endif
