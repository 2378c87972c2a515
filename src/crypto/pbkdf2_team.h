/* SPDX-License-Identifier: MIT */
/* pbkdf2_team - one derivation with PBKDF2, its blocks of output shared by the processors. */
#ifndef CRYPTO_PBKDF2_TEAM_H
#define CRYPTO_PBKDF2_TEAM_H

#include "crypto/hash.h"

/*
 * Bytes of the output that one thread derives: all @out_bytes for a single block, for few iterations, and
 * where the core computes several blocks in the time of one.
 */
size_t pbkdf2_team_share(enum hash h, uint32_t iterations, size_t out_bytes);

/*
 * hash_pbkdf2, on as many threads as make it quicker. Reports to @progress (may be NULL) what the caller's
 * thread does. Leaves secrets on the caller's dead stack, as hash_pbkdf2 does.
 */
void pbkdf2_team_derive(const struct pbkdf2 *p, uint8_t *out, size_t out_bytes,
	const struct progress *progress);

#endif
