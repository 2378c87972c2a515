/* SPDX-License-Identifier: MIT */
/* keyring - passphrases that somebody left in the kernel's keyrings, as keys of the type "user". */
#ifndef SECRET_KEYRING_H
#define SECRET_KEYRING_H

#include "base/cause.h"
#include "secret/secret.h"
#include <stdbool.h>

/* Is there a key that is called so, in the keyrings of this process or of its user? */
bool keyring_has(const char *description);

/* Its content into @buf. Returns its length, or 0: there is none, or it is longer than @size. */
size_t keyring_copy(const char *description, uint8_t *buf, size_t size);

/* The same into the arena. Fails: CAUSE_USAGE (there is none), CAUSE_RESOURCE. */
enum cause keyring_read(const char *description, struct secret *out, struct error *err) MUST_USE;

/*
 * Add or replace a key of the user's keyring, for @seconds. False, with errno, when the kernel does not do
 * it.
 */
bool keyring_add(const char *description, const uint8_t *data, size_t len, unsigned seconds);

#endif
