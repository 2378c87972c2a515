/* SPDX-License-Identifier: MIT */
/* arm - what the 32-bit ARM cores share: the features, and the cores themselves. */
#ifndef CRYPTO_ARMV7_ARM_H
#define CRYPTO_ARMV7_ARM_H

#include "crypto/core.h"

enum { ARM_NEON = 1 };

extern const struct argon2_core argon2_neon;

#endif
