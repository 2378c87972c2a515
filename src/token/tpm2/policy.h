/* SPDX-License-Identifier: MIT */
/*
 * policy - what the machine must be like for a token's secret to be given (TPM 2.0 Library, part 1: 19.7;
 * part 3: 23).
 */
#ifndef TOKEN_TPM2_POLICY_H
#define TOKEN_TPM2_POLICY_H

#include "token/tpm2/tpm.h"

/* Bind @session to the current values of the registers @pcrs (a bit each) of @bank. Fails: as tpm_call. */
enum cause policy_pcr(struct tpm *tpm, uint32_t session, uint16_t bank, uint32_t pcrs,
	struct error *err) MUST_USE;

/* Bind @session to the object's authorization value, which is the PIN's. Fails: as tpm_call. */
enum cause policy_auth_value(struct tpm *tpm, uint32_t session, struct error *err) MUST_USE;

/* What @session is bound to by now, as one digest. Fails: as tpm_call. */
enum cause policy_digest(struct tpm *tpm, uint32_t session, uint8_t digest[static TPM_DIGEST_BYTES],
	struct error *err) MUST_USE;

/*
 * Tell latchkey the current values of @pcrs of @bank: the token has one digest of them all, so which of
 * them differs cannot be known. Silent when they cannot be read.
 */
void policy_show_pcrs(struct tpm *tpm, uint16_t bank, uint32_t pcrs);

#endif
