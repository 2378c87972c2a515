/* SPDX-License-Identifier: MIT */
/*
 * plugged - tells one plugging of a device from the next.
 *
 * The inode of a device's folder in /sys serves as the number: a device that is plugged in again may get
 * its old name and number, but always a new folder.
 */
#ifndef BOOT_PLUGGED_H
#define BOOT_PLUGGED_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Of @file in the folder of the block device @device: "." for itself, ".." for the disk of a partition.
 * 0: it does not exist.
 */
uint64_t plugged_inode(dev_t device, const char *file);

/* Of the device at @path. 0: it does not exist. */
uint64_t plugged_number(const char *path);

#endif
