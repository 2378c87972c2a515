/* SPDX-License-Identifier: MIT */
/* field - values of tokens and of files of signatures. */
#ifndef TOKEN_TPM2_FIELD_H
#define TOKEN_TPM2_FIELD_H

#include "format/json.h"
#include "token/tpm2/tpm.h"

/* A digest of SHA-256 in hexadecimal. False when it is none. */
bool field_digest(const struct json *v, uint8_t digest[static TPM_DIGEST_BYTES]);

#endif
