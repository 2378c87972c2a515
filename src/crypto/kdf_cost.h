/* SPDX-License-Identifier: MIT */
/* kdf_cost - how long would a derivation take on this machine? Measured, not looked up. */
#ifndef CRYPTO_KDF_COST_H
#define CRYPTO_KDF_COST_H

#include "crypto/kdf.h"

/*
 * An estimate in milliseconds for @out_bytes of output, from a run of some milliseconds of
 * the same function with small parameters. UINT64_MAX when that run fails.
 */
uint64_t kdf_cost_ms(const struct kdf *kdf, size_t out_bytes);

#endif
