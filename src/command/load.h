/* SPDX-License-Identifier: MIT */
/* load - the device and the header that a command examines. */
#ifndef COMMAND_LOAD_H
#define COMMAND_LOAD_H

#include "command/options.h"
#include "unlock/luks_device.h"

/*
 * Open the first argument, and the detached header of --header, and load the header. With --header the data
 * device need not be there: then the header is the device. On success luks_device_close is due.
 * Fails: as blkdev_open and header_load.
 */
enum cause command_load(const struct options *o, struct luks_device *d, struct error *err) MUST_USE;

#endif
