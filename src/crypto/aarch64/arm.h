/* SPDX-License-Identifier: MIT */
/* arm - what the 64-bit ARM cores share: the features, and the cores themselves. */
#ifndef CRYPTO_ARM_H
#define CRYPTO_ARM_H

#include "crypto/core.h"

/* The optional instructions of ARMv8.0; a processor has some or none of them (a Raspberry Pi 4 has
 * none). */
enum { ARM_AES = 1, ARM_SHA1 = 2, ARM_SHA2 = 4 };

extern const struct hash_core sha1_armv8, sha256_armv8;
extern const struct aes aes_armv8;

#endif
