/* SPDX-License-Identifier: MIT */
/* unlock - the coordinator: the only file that knows the order of it all. */
#ifndef UNLOCK_UNLOCK_H
#define UNLOCK_UNLOCK_H

#include "base/cause.h"
#include "crypto/kdf_limits.h"
#include "dm/target.h"
#include "format/luks.h"
#include "secret/keyfile.h"
#include <stdbool.h>
#include <stdint.h>

/* What the user wants, from wherever wishes come. */
struct wishes {
	const char *device;
	const char *name;   /* of the mapping; open only */
	const char *header; /* detached header; NULL: on the device */
	const struct secret
		*secret; /* that somebody has got already; NULL: from a token, key_file or the prompt */
	bool try_without_newline; /* a secret that ends in one and fails is tried once more without it */
	const char *key_file;     /* NULL: ask; "-": standard input */
	uint64_t keyfile_offset_bytes, keyfile_size_bytes;
	int keyslot;          /* SEARCH_ANY_KEYSLOT or 0 to 31 */
	unsigned tries;       /* 0: no limit */
	unsigned timeout_s;   /* for the prompt; 0: none */
	bool readonly_member; /* rescue: map what has a foreign mark, too; read-only, whatever read_only says */
	bool read_only, disable_keyring, token_only, verbose;
	bool without_data; /* test: a header and its keyslots are enough; what open would refuse is a note */
	unsigned flags;    /* base/crypt_flags.h, in addition to those of the header */
	struct kdf_limits limits;
	unsigned max_memory_mib; /* 0: as limits says */
	unsigned max_time_s;     /* estimated for one keyslot on this machine; 0: no limit */
};

/* What one derivation may cost, with what the flags say of it. */
struct kdf_limits wishes_limits(const struct wishes *w);

/* Make /dev/mapper/NAME. Fails with any cause. */
enum cause unlock_open(const struct wishes *w, struct error *err) MUST_USE;

/*
 * Everything but the kernel; sets the number of the keyslot that opened. With @w->without_data it does not matter
 * whether the data is there. Fails with any cause.
 */
enum cause unlock_test(const struct wishes *w, unsigned *keyslot, struct error *err) MUST_USE;

/* What is worth knowing before anybody has a key. */
struct unlock_look {
	char uuid[LUKS_UUID_CHARS + 1];
	char label[LUKS_LABEL_CHARS + 1]; /* any bytes: escape before printing */
	uint64_t memory_kib;              /* the most that one of the keyslots needs */
	bool token_key;                   /* a token names a key that the kernel's keyring has */
};

/*
 * Everything of unlock_open, or, without @map, of unlock_test, that needs no key: could one open it? @mapped: the
 * name is taken already, and nothing else was looked at. Fails with any cause but CAUSE_PASSPHRASE.
 */
enum cause unlock_look(const struct wishes *w, bool map, struct unlock_look *out, bool *mapped,
	struct error *err) MUST_USE;

#endif
