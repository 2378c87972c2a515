/* SPDX-License-Identifier: MIT */
/* unseal - the order of it all: from a token and a TPM to a passphrase. */
#ifndef TOKEN_TPM2_UNSEAL_H
#define TOKEN_TPM2_UNSEAL_H

#include "token/contract.h"
#include "token/tpm2/pin.h"
#include "token/tpm2/session.h"

/* All secrets of a run: locked memory of the caller, who wipes it in the end. */
struct unseal_secrets {
	struct session session;
	uint8_t pin[CONTRACT_PIN_MAX_BYTES];
	size_t pin_len;
	uint8_t auth[TPM_DIGEST_BYTES], lock[PIN_LOCK_BYTES];
	size_t auth_len;
	uint8_t secret[PIN_SECRET_MAX_BYTES];
	size_t secret_len;
	char passphrase[PIN_PASSPHRASE_MAX_BYTES];
};

/*
 * Get the passphrase of @token from @tpm, asking for a PIN where it has one, and give it to latchkey.
 * @available_kib is how much memory there is, @signatures what the image has for a token with a signer.
 * Every handle is flushed on every path.
 * Fails: CAUSE_PASSPHRASE (wrong PIN, locked, the PCRs differ), CAUSE_DEVICE (another TPM, or none that
 * answers), CAUSE_RESOURCE, CAUSE_UNSUPPORTED, CAUSE_DAMAGED, CAUSE_KERNEL.
 */
enum cause unseal_run(struct tpm *tpm, const struct token *token, struct unseal_secrets *secrets,
	uint64_t available_kib, const struct signatures *signatures, struct error *err) MUST_USE;

#endif
