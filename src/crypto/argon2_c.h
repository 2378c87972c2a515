/* SPDX-License-Identifier: MIT */
/* argon2_c - the core for any processor. */
#ifndef CRYPTO_ARGON2_C_H
#define CRYPTO_ARGON2_C_H

#include "crypto/argon2_fill.h"

extern const struct argon2_core argon2_c;

#endif
