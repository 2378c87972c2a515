/* SPDX-License-Identifier: MIT */
/* image - what is in an initramfs: its unpacked folder, or a list of its files, or only of its modules. */
#ifndef PREFLIGHT_IMAGE_H
#define PREFLIGHT_IMAGE_H

#include "preflight/lines.h"
#include "base/cause.h"
#include <stdint.h>

struct image {
	bool given;       /* the rest is filled in */
	bool has_files;   /* the list has all files, not only modules */
	uint64_t bytes;   /* of its files, unpacked; 0: unknown */
	struct span list; /* a line each: a path without / in front, or the name of a module */
};

/*
 * @path is a folder, a list ("-": standard input) as lsinitramfs, lsinitcpio, lsinitrd and cpio -t print
 * it, or one of modules. The list lives until the program ends.
 * Fails: CAUSE_USAGE (not there, not readable, longer than 8 MiB).
 */
enum cause image_read(struct image *image, const char *path, struct error *err) MUST_USE;

bool image_has_module(const struct image *image, struct span module);

/*
 * Is the driver of @device, a folder of /sys/class, in the image, in the kernel, or none? If not, its
 * module's name is in @module. A module has initstate (Documentation/ABI/testing/sysfs-module). The kernel
 * also links the modules of PCI and USB drivers that are built in; these have none.
 */
bool image_has_driver(const struct image *image, const char *device, char *module, size_t size);

/*
 * @path begins with a slash. If /lib is a link, the image lists its files in usr/lib, and nothing below lib.
 */
bool image_has_file(const struct image *image, const char *path);

/* Some file called .../bin/NAME or .../sbin/NAME. */
bool image_has_program(const struct image *image, const char *name);

#endif
