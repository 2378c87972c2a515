/* SPDX-License-Identifier: MIT */
/* root - mount the root filesystem as root=, rootfstype=, rootflags=, ro and rw ask. */
#ifndef INIT_ROOT_H
#define INIT_ROOT_H

#include "init/cmdline.h"

/*
 * Mount @device on @where (made when missing), read-only unless rw was asked for, as the
 * kernel does. Without rootfstype=, every filesystem that the kernel knows is tried. Its other
 * parts may be on the mappings in @names (one a line).
 * False, with the reason said, when none fits.
 */
bool root_mount(const struct init_cmdline *w, const char *device, const char *names, const char *where);

#endif
