/* SPDX-License-Identifier: MIT */
/* machine - what the machine will have at boot: memory, and files in the image. */
#ifndef PREFLIGHT_MACHINE_H
#define PREFLIGHT_MACHINE_H

#include "preflight/image.h"

struct machine {
	const char *root;    /* where the installed system is: "" or a folder without a slash at its end */
	uint64_t memory_kib; /* in all; UINT64_MAX: unknown */
	const struct image *image;
	const char *cmdline; /* of its kernel; NULL: none */
};

/* The file @path of the installed system, or of the image where its files are known. */
bool machine_has_file(const struct machine *m, const char *path);

/* What is left by the kernel, the unpacked image and the first processes. */
uint64_t machine_free_at_boot_kib(const struct machine *m);

#endif
