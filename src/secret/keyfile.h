/* SPDX-License-Identifier: MIT */
/*
 * keyfile - a secret from a file, with cryptsetup's rules.
 *
 * Every byte counts: no newline is stripped. Without a size the whole file is read and
 * more than 8 MiB is an error; with a size exactly that many bytes must be there.
 * An empty file is an empty passphrase.
 */
#ifndef SECRET_KEYFILE_H
#define SECRET_KEYFILE_H

#include "base/cause.h"
#include "secret/secret.h"

enum { KEYFILE_MAX_BYTES = SECRET_MAX_BYTES };

struct keyfile {
	const char *path;      /* "-" is standard input, read to its end */
	uint64_t offset_bytes; /* skipped first, by seeking or, on a pipe, by reading */
	uint64_t size_bytes;   /* 0: to the end */
};

/*
 * Fails: CAUSE_USAGE (the file is absent, a directory, too large, too short, empty and no regular file: what
 * cryptsetup also calls wrong parameters; a read error, which is not the volume's), CAUSE_RESOURCE.
 */
enum cause keyfile_read(const struct keyfile *kf, struct secret *out, struct error *err) MUST_USE;

#endif
