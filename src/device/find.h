/* SPDX-License-Identifier: MIT */
/* find - a device by what it is called, without udev: /sys and the superblocks. */
#ifndef DEVICE_FIND_H
#define DEVICE_FIND_H

#include "base/cause.h"

/*
 * Turn @spec into a path. A path stays as it is, unless it is /dev/disk/by-uuid/X or
 * by-label/X and does not exist; UUID=X and LABEL=X are looked for on every block device.
 * Fails: CAUSE_DEVICE (not there, or there twice), CAUSE_USAGE (an empty name),
 * CAUSE_UNSUPPORTED (PARTUUID=, PARTLABEL=).
 */
enum cause find_device(const char *spec, char *path, size_t path_bytes, struct error *err) MUST_USE;

#endif
