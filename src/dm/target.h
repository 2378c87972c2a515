/* SPDX-License-Identifier: MIT */
/*
 * target - the waist: nothing above it knows device-mapper, nothing below it knows LUKS.
 *
 * A mapping is a table: targets, one behind the other, each on a device that is given by its number. The only
 * place where their lines are written (kernel: Documentation/admin-guide/device-mapper/dm-crypt.rst,
 * linear.rst, dm-integrity.rst).
 */
#ifndef DM_TARGET_H
#define DM_TARGET_H

#include "base/cause.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum target_type { TARGET_CRYPT, TARGET_LINEAR, TARGET_INTEGRITY };

struct target {
	enum target_type type;
	uint64_t size_sectors; /* in the mapping, in units of 512 bytes */
	unsigned major, minor; /* of the device below */
	uint64_t off_sectors;  /* where it begins on that device, in units of 512 bytes */
	unsigned tag_bytes;    /* of integrity, for each sector; 0: without */
	uint32_t sector_bytes; /* of encryption and integrity: 512 to 4096 */
	bool no_journal;       /* of TARGET_INTEGRITY */
	/* Of TARGET_CRYPT only: */
	const char *cipher;  /* from our own list of names, never from a header */
	unsigned key;        /* index into the keys of the table */
	uint64_t iv_sectors; /* number of its first sector, in units of 512 bytes */
};

struct target_key {
	const uint8_t *data;     /* secret; the caller's */
	uint32_t bytes;          /* over 0 */
	const char *description; /* of a logon key in the kernel's keyring; NULL: key in hex */
};

enum { TABLE_KEYS_MAX = 2 };

struct table {
	const struct target *targets;
	unsigned count;
	const struct target_key *keys; /* all have a description, or none has */
	unsigned key_count;            /* up to TABLE_KEYS_MAX */
	unsigned flags;                /* of every crypt target; base/crypt_flags.h */
	bool read_only;
};

/* Longest line: every option, a 128-byte key in hex, and room for the description. */
enum { TARGET_LINE_BYTES = 768 };

const char *target_type_name(enum target_type type);

/*
 * Write the parameters of @target, which is in @table (all behind the type in a table line), into @line of
 * @size bytes. Where the key has no description the line holds the key: it is secret then.
 * Returns the length; 0 when the line does not fit.
 */
size_t target_format(const struct table *table, const struct target *target, char *line, size_t size);

#endif
