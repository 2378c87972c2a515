/* SPDX-License-Identifier: MIT */
/* find_key - get secrets, one after the other, and try them on the keyslots until one opens. */
#ifndef UNLOCK_FIND_KEY_H
#define UNLOCK_FIND_KEY_H

#include "keyslot/search.h"
#include "secret/keyfile.h"
#include "unlock/request.h"

/*
 * @given is the only secret that is tried, unless it is NULL: then the keyring tokens of the header are
 * first, then with try_empty the empty passphrase, then the key file of @r or the prompt, which asks again
 * after a wrong passphrase. @device is named in the prompt. On success @key is in the arena, and no secret
 * is above it; on failure nothing is.
 * Fails: as search_run, keyring_read, keyfile_read and prompt_read.
 */
enum cause find_key(const struct unlock_request *r, const char *device, const struct search *s,
	const struct secret *given, struct volume_key *key, struct error *err) MUST_USE;

#endif
