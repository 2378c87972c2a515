/* SPDX-License-Identifier: MIT */
/* by_id - the names that udev would give a device in /dev/disk/by-id. */
#ifndef DEVICE_BY_ID_H
#define DEVICE_BY_ID_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Would udev call the device @name (as /sys/class/block spells it) @id? Knows usb-, ata-, nvme-, mmc-,
 * virtio-, wwn-, dm-name- and dm-uuid-, and -partN behind them. Not: scsi- (but for scsi-3 and a world-wide
 * name), md-, ieee1394-. Source: systemd, 60-persistent-storage.rules, udev-builtin-usb_id.c and ata_id.c;
 * lvm2, 13-dm-disk.rules.
 */
bool by_id_is(const char *name, const char *id);

/*
 * Does the serial number of the disk, as udev has it in ID_SERIAL_SHORT or without that in ID_SERIAL, begin
 * with the @len bytes of @serial? @name may be a partition of it.
 */
bool by_id_has_serial(const char *name, const char *serial, size_t len);

#endif
