/* SPDX-License-Identifier: MIT */
/*
 * argon2_derive - Argon2i and Argon2id (RFC 9106), version 1.3: phc-winner-argon2 and our kernels.
 *
 * From the library, unmodified (toolchain/libraries has the release):
 *
 *     initial_hash        H0 (3.2, step 1)
 *     fill_first_blocks   the first two blocks of each lane (3.2, steps 3 and 4)
 *     blake2b_long        H', the hash of variable length (3.3), with its BLAKE2b
 *     xor_block, the types, and the contract of fill_segment
 *
 * Our own, with the function of the library that each replaces:
 *
 *     argon2_fill.c   fill_segment         steps 5 and 6: prefetch, vectors, no division
 *     map             allocate_memory      huge pages instead of malloc
 *     team            fill_memory_blocks   threads are started once, not for each lane of
 *                                          each slice; the others do the work of one that
 *                                          cannot be started
 *     tag             finalize             steps 7 and 8; finalize would also call free_memory
 *     wipe_matrix     free_memory          wipes with all threads, not with one
 *
 * argon2_ctx and validate_inputs are not called: plan() has the bounds that LUKS headers need.
 */
#ifndef CRYPTO_ARGON2_DERIVE_H
#define CRYPTO_ARGON2_DERIVE_H

#include "base/cause.h"
#include "crypto/kdf_params.h"
#include "crypto/progress.h"

/*
 * Was some matrix of this process neither locked nor certain to stay off a disk? A page of the first pass
 * lets a guess be checked at the price of one BLAKE2b.
 */
bool argon2_could_swap(void);

/*
 * Derive @out_bytes bytes into @out, as kdf_derive; one unit of @progress (may be NULL) is a slice, a quarter
 * of a pass. Runs on as many threads as there are processors and lanes, and on the caller's alone when no
 * other thread can be started. The matrix and H0 are wiped on every path, and the matrix is unmapped.
 * Sets no error text. Fails: CAUSE_RESOURCE (no memory for the matrix), CAUSE_BUG (parameters that no header
 * check lets through).
 */
enum cause argon2_derive(const struct kdf *kdf, struct bytes secret, uint8_t *out, size_t out_bytes,
	const struct progress *progress) MUST_USE;

#endif
