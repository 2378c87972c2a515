/* SPDX-License-Identifier: MIT */
/*
 * needs - what of the kernel the volumes need, and whether a kernel and an image have it.
 *
 * Asked are the files of the kernel, as kmod(8) has them, so that it need not be the one that runs:
 *
 *	lib/modules/VERSION/modules.builtin, .builtin.modinfo, .alias, .dep	what is built in, which module does what
 *	boot/config-VERSION							what was left out, by the option's name
 *
 * and of the one that runs, where those are missing, /sys/module and /proc/crypto.
 */
#ifndef PREFLIGHT_NEEDS_H
#define PREFLIGHT_NEEDS_H

#include "crypto/cipher.h"
#include "preflight/findings.h"
#include "preflight/image.h"

enum { NEEDS_COUNT = 15, KERNEL_VERSION_BYTES = 65 };

struct needs {
	/* For whom, by the number of the row in the table; NULL: nobody needs it. */
	const char *whose[NEEDS_COUNT];
};

/* dm-crypt itself. */
void needs_mapping(struct needs *n, const char *whose);

/* What dm-crypt will ask the kernel for to have @cipher. */
void needs_cipher(struct needs *n, enum cipher cipher, const char *whose);

struct kernel_files {
	char version[KERNEL_VERSION_BYTES];
	bool runs;                /* it is the kernel of this moment */
	bool modules, configured; /* its modules' folder, its configuration can be read */
	struct span builtin, builtin_info, alias, dep, config;
};

/* @version NULL: the one that runs. @root is "" or a folder without a slash at its end. */
void kernel_files_read(struct kernel_files *k, const char *root, const char *version);

/* A finding for each of the needs. */
void needs_judge(const struct needs *n, const struct kernel_files *k, const struct image *image,
	struct findings *f);

#endif
