/* SPDX-License-Identifier: MIT */
/* find_key - get secrets, one after the other, and try them on the keyslots until one opens. */
#ifndef UNLOCK_FIND_KEY_H
#define UNLOCK_FIND_KEY_H

#include "keyslot/reencryption.h"
#include "keyslot/search.h"
#include "secret/keyfile.h"
#include "unlock/request.h"

/* What is printed when memory could not be locked. */
#define FIND_KEY_UNLOCKED "memory cannot be locked; secrets could reach swap"

/*
 * @given is the only secret that is tried, unless it is NULL: then the tokens of the header are first, each
 * with its own keyslots, then with try_empty the empty passphrase, then the key file of @r or the prompt,
 * which asks again after a wrong passphrase. @device is named in the prompt. On success @keys are in the
 * arena, and no secret is above them; on failure nothing is.
 * Fails: CAUSE_UNSUPPORTED: @r wants tokens only, and none can be used; as search_run, keyring_read,
 * token_try_passphrase, keyfile_read and prompt_read.
 */
enum cause find_key(const struct unlock_request *r, const char *device, const struct search *s,
	const struct secret *given, struct volume_keys *keys, struct error *err) MUST_USE;

#endif
