/* SPDX-License-Identifier: MIT */
/*
 * token - a token of the type systemd-tpm2, from JSON to numbers.
 *
 * After this no text is compared. Everything is bounded; what this program does not do is refused by name,
 * and what it does not know, too: a member with a new meaning must not be passed over.
 */
#ifndef TOKEN_TPM2_TOKEN_H
#define TOKEN_TPM2_TOKEN_H

#include "crypto/kdf.h"
#include "token/tpm2/key.h"
#include "token/tpm2/measure.h"
#include "token/tpm2/signer.h"

enum {
	TOKEN_BLOBS_MAX = 2,
	TOKEN_BLOB_MAX_BYTES = 2048,
	TOKEN_SRK_MAX_BYTES = 1024,
	TOKEN_SALT_MAX_BYTES = KDF_SALT_MAX_BYTES,
};

/* A sealed secret, or one share of it. */
struct token_blob {
	uint8_t data[TOKEN_BLOB_MAX_BYTES];
	struct bytes private, public; /* TPM2B_PRIVATE, TPMT_PUBLIC: their contents */
	struct bytes seed;            /* not empty: it is to be imported first, with this encrypted secret */
	uint8_t policy[TPM_DIGEST_BYTES];
};

/* How a PIN becomes the authorization value of the object. */
enum token_pin {
	TOKEN_PIN_NONE,
	TOKEN_PIN_DIRECT,   /* systemd 251 and 252, and --tpm2-with-pin=direct */
	TOKEN_PIN_PBKDF2,   /* from 253 on */
	TOKEN_PIN_ARGON2ID, /* from 262 on; the passphrase depends on it, too */
};

struct token {
	unsigned blob_count;
	struct token_blob blobs[TOKEN_BLOBS_MAX];
	uint32_t pcrs; /* a bit each */
	uint16_t bank; /* TPM_ALG_; 0: the token does not say */
	struct signer signer;
	enum token_pin pin;
	uint8_t salt[TOKEN_SALT_MAX_BYTES];
	size_t salt_bytes;
	struct kdf argon2id; /* TOKEN_PIN_ARGON2ID */
	/*
	 * The storage key: at @srk_handle with this public part, or, with 0, made anew of the kind
	 * @primary.
	 */
	uint16_t primary;
	uint32_t srk_handle;
	uint8_t srk_data[TOKEN_SRK_MAX_BYTES];
	struct key srk;
};

/*
 * A token is in the header's member "tokens", in which numbers may be anything that JSON allows. So
 * the text that is read is `{"tokens":TOKEN}`: put the token behind TOKEN_PREFIX, with room for
 * TOKEN_SUFFIX behind it.
 */
#define TOKEN_PREFIX "{\"tokens\":"
#define TOKEN_SUFFIX "}"

/*
 * Read @len bytes of such JSON at @text; @token points into itself. A record of measure.h goes into @measured
 * instead, whose pcr is PCR_COUNT for a token.
 * Fails: CAUSE_DAMAGED, CAUSE_UNSUPPORTED, CAUSE_RESOURCE.
 */
enum cause token_read(const char *text, size_t len, struct token *token, struct measurement *measured,
	struct error *err) MUST_USE;

#endif
