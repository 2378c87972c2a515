/* SPDX-License-Identifier: MIT */
/*
 * signer - a signed PCR policy: the key in a token, and what it has signed in the image.
 *
 * The token names a key and some PCRs. Whatever values that key has signed for them will do: so a new
 * kernel needs a new signature, not a new enrolment. The signatures come from a file of the image, as
 * systemd-measure and ukify write it.
 */
#ifndef TOKEN_TPM2_SIGNER_H
#define TOKEN_TPM2_SIGNER_H

#include "token/tpm2/tpm.h"

enum {
	SIGNER_PEM_MAX_BYTES = 2048,
	SIGNER_AREA_MAX_BYTES = 640,
	SIGNATURE_MAX_BYTES = 512,
	SIGNATURES_MAX = 16,
};

struct signer {
	uint8_t area[SIGNER_AREA_MAX_BYTES];   /* the public area of the key for a TPM */
	size_t area_len;                       /* 0: none */
	uint8_t fingerprint[TPM_DIGEST_BYTES]; /* SHA-256 of its DER form, by which signatures name it */
	uint32_t pcrs;
};

struct signatures {
	unsigned count;
	struct signature {
		uint8_t policy[TPM_DIGEST_BYTES]; /* what is approved */
		uint8_t data[SIGNATURE_MAX_BYTES];
		size_t len;
	} list[SIGNATURES_MAX];
};

/*
 * Read the public key @pem (SubjectPublicKeyInfo, RFC 5280 and 7468) into @signer; its pcrs stay.
 * Fails: CAUSE_DAMAGED, CAUSE_UNSUPPORTED (no RSA key).
 */
enum cause signer_read(struct bytes pem, struct signer *signer, struct error *err) MUST_USE;

/*
 * Of the JSON @text, keep the signatures by @signer over its PCRs in the bank called @bank; none is no
 * failure.
 * Fails: CAUSE_DAMAGED, CAUSE_RESOURCE.
 */
enum cause signer_find(struct bytes text, const struct signer *signer, const char *bank,
	struct signatures *out, struct error *err) MUST_USE;

/*
 * Bind @session, which is bound to the signer's PCRs and nothing else, to the key that has signed their
 * values instead.
 * Fails: as tpm_call; CAUSE_PASSPHRASE when @signatures has none for these values.
 */
enum cause signer_authorize(struct tpm *tpm, uint32_t session, const struct signer *signer,
	const struct signatures *signatures, struct error *err) MUST_USE;

#endif
