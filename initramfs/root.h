/* SPDX-License-Identifier: MIT */
/* root - mount the root filesystem as root=, rootfstype=, rootflags=, ro and rw ask. */
#ifndef INITRAMFS_ROOT_H
#define INITRAMFS_ROOT_H

#include "words.h"

/*
 * Mount @device on @where (made when missing), read-only unless rw was asked for, as the
 * kernel does. Without rootfstype=, every filesystem that the kernel knows is tried.
 * False, with the reason said, when none fits.
 */
bool root_mount(const struct words *w, const char *device, const char *where);

#endif
