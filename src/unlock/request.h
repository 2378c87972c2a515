/* SPDX-License-Identifier: MIT */
/*
 * request - what is to be unlocked and how, as options or a boot configuration ask for it. No secret is in
 * it.
 */
#ifndef UNLOCK_REQUEST_H
#define UNLOCK_REQUEST_H

#include "crypto/kdf_limits.h"
#include "format/luks.h"
#include <stdbool.h>
#include <stdint.h>

struct unlock_request {
	const char *device;
	const char *name;     /* of the mapping; for unlock_test it may be NULL */
	const char *header;   /* detached header; NULL: on the device */
	const char *uuid;     /* that the header must have; NULL: any */
	unsigned version;     /* of LUKS, that the header must have; 0: any */
	const char *key_file; /* NULL: ask; "-": standard input */
	uint64_t keyfile_offset_bytes, keyfile_size_bytes;
	int keyslot;              /* SEARCH_ANY_KEYSLOT or 0 to 31 */
	uint32_t keyslots;        /* only these, as bits; 0: all */
	int token_id;             /* only this token; -1: any */
	const char *token_type;   /* only tokens of this type; NULL: any */
	unsigned tries;           /* at the prompt; 0: no limit */
	unsigned timeout_s;       /* of the prompt; 0: none */
	bool try_without_newline; /* a secret that fails: again without newline, CR LF, byte order mark */
	bool readonly_member; /* rescue: map a member of an array as well; read-only, whatever read_only is */
	bool beside_recovery; /* rescue: map a crashed re-encryption, unrepaired; with read_only */
	bool read_only, disable_keyring, token_only, verbose;
	bool try_empty;    /* the empty passphrase is tried before the key file or the prompt */
	bool without_data; /* a header and its keyslots are enough; what unlock_open would refuse is a note */
	const char *volume_key_id; /* the only one that is accepted (volume_key_id.h); NULL: any */
	unsigned measure_pcrs;     /* of the TPM, to be extended with the volume key: one bit; 0: none */
	unsigned flags;            /* base/crypt_flags.h, in addition to those of the header */
	struct kdf_limits limits;
	unsigned max_memory_mib; /* 0: as in limits */
	unsigned max_time_s;     /* for all keyslots and one secret, estimated; 0: as in limits */
	bool patient;            /* no limit of time */
};

/* Does @r name tokens, or ask for nothing else? */
bool request_asks_for_tokens(const struct unlock_request *r);

/* Is @t one of the tokens that @r asks for, with a keyslot that @r permits? */
bool request_has_token(const struct unlock_request *r, const struct luks_token *t);

/* What one derivation may cost: limits, max_memory_mib and max_time_s and patient combined. */
struct kdf_limits request_limits(const struct unlock_request *r);

#endif
