/* SPDX-License-Identifier: MIT */
/* digest - see digest.h. */
#include "keyslot/digest.h"
#include "secret/wipe.h"

/* cryptsetup aims at an eighth of a second; this limit is minutes on the slowest router. */
enum { DIGEST_ITERATIONS_MAX = 20000000 };

enum cause digest_check(const struct luks_digest *digest, struct error *err)
{
	if (digest->verdict.cause)
		return error_set(err, digest->verdict.cause, "%s", digest->verdict.why);
	if (digest->iterations > DIGEST_ITERATIONS_MAX)
		return error_set(err, CAUSE_UNSUPPORTED,
			"digest %u has %u iterations, more than the limit of %u", digest->id,
			digest->iterations, DIGEST_ITERATIONS_MAX);
	return CAUSE_OK;
}

bool digest_matches(const struct luks_digest *digest, struct bytes key)
{
	uint8_t value[HASH_MAX_BYTES];
	bool same = false;

	/* A digest without bytes would match every key. */
	if (digest->value_bytes < 20 || digest->value_bytes > sizeof(value))
		return same;
	hash_pbkdf2(&(struct pbkdf2){digest->hash, key, {digest->salt, sizeof(digest->salt)},
			    digest->iterations},
		value, digest->value_bytes);
	same = wipe_equal(value, digest->value, digest->value_bytes);
	wipe(value, sizeof(value));
	return same;
}
