/* SPDX-License-Identifier: MIT */
/* uevent - the kernel's word that a block device came, went or changed, without udev. */
#ifndef DEVICE_UEVENT_H
#define DEVICE_UEVENT_H

#include <stdbool.h>

/*
 * A socket that poll(2) finds readable when the kernel says something of any device. Open it before the first
 * look at the devices, so that no arrival is missed. The caller closes it.
 * -1: no socket (a kernel without networking): look again every second.
 */
int uevent_open(void);

/* Take all that is queued on @fd. True: a block device is in it, or some was lost: look at the devices again.
 */
bool uevent_drain(int fd);

#endif
