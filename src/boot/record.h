/* SPDX-License-Identifier: MIT */
/*
 * record - what udev would remember of a mapping, had it been there.
 *
 * The resume of a mapping tells udev's rules that it is whole; a udev that starts later, in the real root, only
 * believes its own database. Without this line there systemd waits 90 seconds for a device that is ready.
 */
#ifndef BOOT_RECORD_H
#define BOOT_RECORD_H

/* For /dev/mapper/@name; nothing when udev runs, for then it writes its own. Failing to is said, on standard error. */
void record_write(const char *name);

#endif
