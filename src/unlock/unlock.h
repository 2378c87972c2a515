/* SPDX-License-Identifier: MIT */
/*
 * unlock - the coordinator: from a request and a secret to a mapping. Only unlock.c knows the order of the
 * steps.
 */
#ifndef UNLOCK_UNLOCK_H
#define UNLOCK_UNLOCK_H

#include "base/cause.h"
#include "format/luks.h"
#include "secret/keyfile.h"
#include "unlock/request.h"
#include "unlock/volume_key_id.h"

/*
 * Create /dev/mapper/NAME. @secret is the only one that is tried; NULL: those of the header's keyring
 * tokens, then the key file or the prompt. Fails with any cause; CAUSE_DEVICE with os_errno ESTALE: the
 * header does not have @r->uuid.
 */
enum cause unlock_open(const struct unlock_request *r, const struct secret *secret,
	struct error *err) MUST_USE;

/* What unlock_test found. */
struct unlock_tested {
	unsigned keyslot; /* that opened */
	char volume_key_id[VOLUME_KEY_ID_CHARS + 1];
};

/*
 * Everything of unlock_open but the kernel's part. With
 * @r->without_data the data need not be on the device. Fails with any cause.
 */
enum cause unlock_test(const struct unlock_request *r, const struct secret *secret, struct unlock_tested *out,
	struct error *err) MUST_USE;

enum { LOOK_TOKENS_MAX = 8 };

/* What can be learnt without a key. */
struct unlock_look {
	unsigned needed_s;   /* for all keyslots and one secret, if that is more than the limit; else 0 */
	uint64_t memory_kib; /* the most that one of the keyslots needs */
	bool token_key;      /* the kernel's keyring has a key that a token of a permitted keyslot names */
	unsigned token_count;
	char uuid[LUKS_UUID_CHARS + 1];
	char label[LUKS_LABEL_CHARS + 1];          /* any bytes: escape before printing */
	struct luks_token tokens[LOOK_TOKENS_MAX]; /* those that have a program here */
};

/*
 * Everything of unlock_open, or, without @map, of unlock_test, that needs no key: could a key open it?
 * @mapped: the name is in use already, and nothing else was examined. Fails with any cause but
 * CAUSE_PASSPHRASE; CAUSE_DAMAGED is about the header unless place_blames_data.
 */
enum cause unlock_look(const struct unlock_request *r, bool map, struct unlock_look *out, bool *mapped,
	struct error *err) MUST_USE;

#endif
