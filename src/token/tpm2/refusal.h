/* SPDX-License-Identifier: MIT */
/* refusal - what a TPM's response code means, in words (TPM 2.0 Library, part 2: 6.6). */
#ifndef TOKEN_TPM2_REFUSAL_H
#define TOKEN_TPM2_REFUSAL_H

#include "base/cause.h"
#include <stdint.h>

/* Fill @err with the meaning of @rc, which is not 0, as an answer to @name, and return its cause. */
enum cause refusal_set(const char *name, uint32_t rc, struct error *err);

#endif
