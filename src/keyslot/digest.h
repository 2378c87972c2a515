/* SPDX-License-Identifier: MIT */
/* digest - does this candidate match? (specification 3.3, type pbkdf2) */
#ifndef KEYSLOT_DIGEST_H
#define KEYSLOT_DIGEST_H

#include "base/bytes.h"
#include "format/luks.h"

/* Can it be computed? Fails: its verdict; CAUSE_UNSUPPORTED (too many iterations). */
enum cause digest_check(const struct luks_digest *digest, struct error *err) MUST_USE;

/* PBKDF2 over @key, compared in constant time. @digest's verdict is CAUSE_OK. */
bool digest_matches(const struct luks_digest *digest, struct bytes key);

#endif
