/* SPDX-License-Identifier: MIT */
/*
 * target - the waist: above it nobody knows device-mapper, below it nobody knows LUKS.
 *
 * One dm-crypt target as plain values, and the only place where its table line is written
 * (kernel: Documentation/admin-guide/device-mapper/dm-crypt.rst).
 */
#ifndef DM_TARGET_H
#define DM_TARGET_H

#include "dm/dm.h"
#include <stdbool.h>
#include <stdint.h>

struct crypt_target {
	uint64_t size_sectors;       /* of the mapping, in units of 512 bytes */
	const char *cipher;          /* from our own list of names, never from a header */
	const uint8_t *key;          /* secret; the caller's */
	uint32_t key_bytes;          /* over 0 */
	const char *key_description; /* of a logon key in the kernel's keyring; NULL: key in hex */
	unsigned major, minor;       /* of the data device */
	uint64_t data_sectors;       /* where the data begins on it, in units of 512 bytes */
	uint32_t sector_bytes;       /* of encryption: 512 to 4096 */
	unsigned flags;              /* base/crypt_flags.h */
};

/* Longest line: every option, a 64-byte key in hex, and room for the description. */
enum { TARGET_LINE_BYTES = 768 };

/*
 * Write the parameters of @t (all behind "crypt" in a table line) into @line.
 * Without a key_description the line holds the key: @line is secret then.
 * Fails: CAUSE_BUG when it does not fit.
 */
enum cause target_format(const struct crypt_target *t, char line[static TARGET_LINE_BYTES],
	struct error *err) MUST_USE;

/* Load @t as the one target of the mapping @dev. Fails: as dm_load. */
enum cause target_load(const struct kernel *k, uint64_t dev, bool read_only, const struct crypt_target *t,
	struct error *err) MUST_USE;

#endif
