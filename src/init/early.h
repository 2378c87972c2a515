/* SPDX-License-Identifier: MIT */
/* early - what every Linux program expects to find: /dev, /proc, /sys, /run, and drivers. */
#ifndef INIT_EARLY_H
#define INIT_EARLY_H

#include <stddef.h>

/* Mount them and open the console. Failures are printed; nothing here stops the boot. */
void early_mount(void);

/* Load the modules that @list names, one path a line, in order. One that fails is printed and skipped. */
void early_load_modules(const char *list);

/* The kernel command line into @buf; "" (and said) when it cannot be read. */
void early_read_cmdline(char *buf, size_t size);

#endif
