/* SPDX-License-Identifier: MIT */
/*
 * udev_db - the entry of a mapping in udev's database, as udev would have written it.
 *
 * The uevent of the mapping's resume tells udev's rules that it is complete. But a udev that starts later,
 * in the real root, only believes its database. Without this entry systemd waits 90 seconds for a device
 * that is ready.
 */
#ifndef BOOT_UDEV_DB_H
#define BOOT_UDEV_DB_H

/*
 * For /dev/mapper/@name. Nothing while udev runs, which writes its own. A failure is a line on standard
 * error.
 */
void udev_db_write(const char *name);

#endif
