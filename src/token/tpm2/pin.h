/* SPDX-License-Identifier: MIT */
/* pin - what a token makes of a PIN, in the three ways of systemd-cryptenroll. */
#ifndef TOKEN_TPM2_PIN_H
#define TOKEN_TPM2_PIN_H

#include "token/tpm2/token.h"

enum {
	PIN_LOCK_BYTES = 32,
	/* Of the sealed secret, all of its parts. */
	PIN_SECRET_MAX_BYTES = 256,
	PIN_PASSPHRASE_MAX_BYTES = 512,
};

/*
 * May the PIN of @token be computed here? @available_kib is how much memory there is.
 * Fails: CAUSE_UNSUPPORTED (over the limits that keyslots have), CAUSE_RESOURCE.
 */
enum cause pin_check(const struct token *token, uint64_t available_kib, struct error *err) MUST_USE;

/*
 * The authorization value of @pin into @auth (TPM_DIGEST_BYTES; @auth_len without trailing zeros), and for
 * Argon2id what locks the secret beside the TPM into @lock (PIN_LOCK_BYTES). Leaves secrets on the dead
 * stack: call wipe_stack afterwards.
 * Fails: CAUSE_RESOURCE.
 */
enum cause pin_auth(const struct token *token, struct bytes pin, uint8_t *auth, size_t *auth_len,
	uint8_t *lock, struct error *err) MUST_USE;

/* The passphrase of the unsealed @secret into @out (PIN_PASSPHRASE_MAX_BYTES). Returns its length. */
size_t pin_passphrase(const struct token *token, struct bytes secret, const uint8_t *lock, char *out);

#endif
