/* SPDX-License-Identifier: MIT */
/*
 * needs - the parts of the kernel that the volumes need, and whether a kernel and an image have them.
 *
 * The answers are in the files of the kernel, as kmod(8) has them, so that it need not be the running one:
 *
 *	lib/modules/VERSION/modules.builtin, .builtin.modinfo	what is built in
 *	lib/modules/VERSION/modules.alias, .dep			which module provides what
 *	boot/config-VERSION					the options that are not set
 *
 * and, of the running kernel, where those are missing, in /sys/module and /proc/crypto.
 */
#ifndef PREFLIGHT_NEEDS_H
#define PREFLIGHT_NEEDS_H

#include "crypto/cipher.h"
#include "preflight/findings.h"
#include "preflight/image.h"

enum { NEEDS_MAX = 32, KERNEL_VERSION_BYTES = 65 };

struct needs {
	/* The volume that needs it, by the number of the row in the table; NULL: none. */
	const char *whose[NEEDS_MAX];
};

/* dm-crypt itself, and dm-integrity with @integrity. */
void needs_mapping(struct needs *n, bool integrity, const char *whose);

/* The drivers of the devices that a token of this type works on, if one is known. */
void needs_token(struct needs *n, const char *type, const char *whose);

/* What dm-crypt will request of the kernel for @cipher. */
void needs_cipher(struct needs *n, enum cipher cipher, const char *whose);

struct kernel_files {
	char version[KERNEL_VERSION_BYTES];
	bool runs;                /* it is the running kernel */
	bool modules, configured; /* its modules' folder, its configuration can be read */
	struct span builtin, builtin_info, alias, dep, config;
};

/* @version NULL: the running kernel. @root is "" or a folder without a slash at its end. */
void needs_read_kernel(struct kernel_files *k, const char *root, const char *version);

/* A finding for each of the needs. */
void needs_judge(const struct needs *n, const struct kernel_files *k, const struct image *image,
	struct findings *f);

#endif
