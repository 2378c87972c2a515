/* SPDX-License-Identifier: MIT */
/* lockout - how many wrong PINs the TPM still takes (TPM 2.0 Library, part 1: 19.8; part 2: 6.13). */
#ifndef TOKEN_TPM2_LOCKOUT_H
#define TOKEN_TPM2_LOCKOUT_H

#include "token/tpm2/tpm.h"

struct lockout {
	uint32_t failures, left; /* wrong PINs that count, and how many more are taken */
	uint32_t interval_s;     /* after so long one of them is forgiven */
};

/* Fails: as tpm_call. */
enum cause lockout_read(struct tpm *tpm, struct lockout *lockout, struct error *err) MUST_USE;

/* Fails: CAUSE_PASSPHRASE when none is left; says so. */
enum cause lockout_check(const struct lockout *lockout, struct error *err) MUST_USE;

/* Tell latchkey when another PIN may be tried. */
void lockout_say(const struct lockout *lockout);

#endif
