/* SPDX-License-Identifier: MIT */
/*
 * luks_device - a LUKS device while it is open: its data, its header where that is detached, and the model
 * of the header.
 */
#ifndef UNLOCK_LUKS_DEVICE_H
#define UNLOCK_LUKS_DEVICE_H

#include "device/blkdev.h"
#include "format/place.h"

struct luks_device {
	struct place place; /* of the two */
	struct blkdev data;
	struct blkdev detached; /* fd -1: the header is on the data device */
	struct luks luks;
	struct header_report report;
};

/*
 * Open @spec, read-only (blkdev_open). @d must not move afterwards. luks_device_close is allowed after a
 * failure, too.
 * Fails as blkdev_open.
 */
enum cause luks_device_open(struct luks_device *d, const char *spec, struct error *err) MUST_USE;

/* In addition, the detached header @spec; NULL: there is none, and nothing is done. Fails as blkdev_open. */
enum cause luks_device_open_header(struct luks_device *d, const char *spec, struct error *err) MUST_USE;

/* Fill in luks and report (place_load). Fails as header_load. */
enum cause luks_device_load(struct luks_device *d, struct error *err) MUST_USE;

void luks_device_close(struct luks_device *d);

/* The device that has the header and the keyslots. */
const struct blkdev *luks_device_header(const struct luks_device *d);

#endif
