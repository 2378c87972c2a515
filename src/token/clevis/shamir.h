/* SPDX-License-Identifier: MIT */
/*
 * shamir - the secret of clevis' sss: the value at 0 of a polynomial over a prime of 256 bits, of which each
 * share has one point.
 *
 * All numbers are 32 bytes, big-endian. The time depends on the prime and on the number of shares only.
 */
#ifndef TOKEN_CLEVIS_SHAMIR_H
#define TOKEN_CLEVIS_SHAMIR_H

#include <stdbool.h>
#include <stdint.h>

enum { SHAMIR_BYTES = 32, SHAMIR_SHARE_BYTES = 2 * SHAMIR_BYTES };

/*
 * @shares: @count times x and y. False when no polynomial has these points: a number is not below the prime,
 * an x is 0, two are the same.
 */
bool shamir_combine(const uint8_t prime[SHAMIR_BYTES], const uint8_t (*shares)[SHAMIR_SHARE_BYTES],
	unsigned count, uint8_t secret[SHAMIR_BYTES]);

#endif
