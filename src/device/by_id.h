/* SPDX-License-Identifier: MIT */
/* by_id - the names that udev would give a device in /dev/disk/by-id. */
#ifndef DEVICE_BY_ID_H
#define DEVICE_BY_ID_H

#include <stdbool.h>

/*
 * Would udev call the device @name (as /sys/class/block spells it) @id? Knows usb-, ata-, nvme-, mmc-,
 * virtio-, wwn-, dm-name- and dm-uuid-, and -partN behind them. Not: scsi- (but for scsi-3 and a world-wide
 * name), md-, ieee1394-. Source: systemd, 60-persistent-storage.rules, udev-builtin-usb_id.c and ata_id.c;
 * lvm2, 13-dm-disk.rules.
 */
bool by_id_is(const char *name, const char *id);

#endif
