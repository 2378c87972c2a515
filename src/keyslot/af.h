/* SPDX-License-Identifier: MIT */
/*
 * af - undo the anti-forensic split (TKS1; LUKS1 specification 2.4, used by LUKS2 as "luks1").
 *
 * Split key (LUKS_STRIPES stripes of key_bytes bytes) -> key. Pure; never fails.
 */
#ifndef KEYSLOT_AF_H
#define KEYSLOT_AF_H

#include "crypto/hash.h"

/* @split holds LUKS_STRIPES * @key_bytes bytes; @key gets @key_bytes. Both are secret and the caller's. */
void af_merge(enum hash h, const uint8_t *split, size_t key_bytes, uint8_t *key);

#endif
