/* SPDX-License-Identifier: MIT */
/*
 * tpm - one command to the TPM and its answer, with the authorization that it wants (TPM 2.0 Library, part
 * 1: 18, 19 and 21; part 3: 5).
 */
#ifndef TOKEN_TPM2_TPM_H
#define TOKEN_TPM2_TPM_H

#include "token/tpm2/transport.h"
#include "token/tpm2/wire.h"

/* Numbers of part 2: 6.3, 6.5, 6.6, 6.9, 6.12, 7.4. */
enum {
	TPM_CC_CREATE_PRIMARY = 0x131,
	TPM_CC_IMPORT = 0x156,
	TPM_CC_LOAD = 0x157,
	TPM_CC_UNSEAL = 0x15e,
	TPM_CC_FLUSH_CONTEXT = 0x165,
	TPM_CC_LOAD_EXTERNAL = 0x167,
	TPM_CC_POLICY_AUTHORIZE = 0x16a,
	TPM_CC_POLICY_AUTH_VALUE = 0x16b,
	TPM_CC_START_AUTH_SESSION = 0x176,
	TPM_CC_VERIFY_SIGNATURE = 0x177,
	TPM_CC_GET_CAPABILITY = 0x17a,
	TPM_CC_PCR_READ = 0x17e,
	TPM_CC_POLICY_PCR = 0x17f,
	TPM_CC_PCR_EXTEND = 0x182,
	TPM_CC_POLICY_GET_DIGEST = 0x189,

	TPM_ALG_RSA = 0x0001,
	TPM_ALG_SHA1 = 0x0004,
	TPM_ALG_AES = 0x0006,
	TPM_ALG_KEYEDHASH = 0x0008,
	TPM_ALG_SHA256 = 0x000b,
	TPM_ALG_NULL = 0x0010,
	TPM_ALG_RSASSA = 0x0014,
	TPM_ALG_ECC = 0x0023,
	TPM_ALG_CFB = 0x0043,
	TPM_ECC_NIST_P256 = 0x0003,

	TPM_RH_OWNER = 0x40000001,
	TPM_RH_NULL = 0x40000007,
	TPM_RS_PW = 0x40000009,

	TPM_RC_PCR_CHANGED = 0x128,
	TPM_RC_HANDLE = 0x18b,       /* of the first handle: it is none */
	TPM_RC_REFERENCE_H0 = 0x910, /* there is nothing at the first handle */
	TPM_RC_AUTH_FAIL = 0x98e,    /* of the first session */
	TPM_RC_BAD_AUTH = 0x9a2,
	TPM_RC_LOCKOUT = 0x921,
};

enum {
	TPM_DIGEST_BYTES = 32, /* SHA-256: of every session, name and policy here */
	TPM_NAME_BYTES = 2 + TPM_DIGEST_BYTES,
};

/* By what a command may use its first handle. */
enum tpm_auth { TPM_AUTH_NONE, TPM_AUTH_PASSWORD /* an empty one */, TPM_AUTH_SESSION };

/* One of the TPM's commands. */
struct tpm_command {
	const char *name; /* for messages: "TPM2_Load" */
	uint32_t code;
	enum tpm_auth auth;
	bool answers_handle;
	unsigned patience_ms; /* 0: TPM_PATIENCE_MS */
};

enum { TPM_PATIENCE_MS = 20000 };

struct tpm {
	struct tpm_transport transport;
	uint32_t rc; /* what the last command answered: 0 or TPM_RC_ */
	const struct tpm_command *command;
	struct wire_out out; /* of the command, into @sent */
	size_t answer_len;
	uint8_t sent[TPM_BYTES_MAX], answer[TPM_BYTES_MAX];
};

/* Views into the answer that lasted; they hold until the next call. */
struct tpm_reply {
	uint32_t handle;
	struct wire_in parameters;
	struct bytes nonce, hmac; /* of the session, if there was one */
	uint8_t attributes;
};

/*
 * Begin a call of @command, which the caller keeps. @handle 0: it has none; with an authorization: PCR 0.
 * What is returned takes what follows: a second handle, the authorization of a session (tpm_put_auth), the
 * parameters.
 */
struct wire_out *tpm_begin(struct tpm *tpm, const struct tpm_command *command, uint32_t handle);

/* @nonce and @hmac have TPM_DIGEST_BYTES each; both NULL for TPM_RS_PW. */
void tpm_put_auth(struct wire_out *out, uint32_t session, const uint8_t *nonce, uint8_t attributes,
	const uint8_t *hmac);

/*
 * Send the command that was begun; one that the TPM asks for again (RETRY, YIELDED, TESTING) is sent again,
 * the same bytes, for a while. Views into an earlier answer may be part of the command.
 * Fails: CAUSE_DEVICE (no answer, an answer that contradicts the format, or a refusal: then tpm->rc has
 * it), and CAUSE_PASSPHRASE or CAUSE_RESOURCE for refusals that mean that.
 */
enum cause tpm_call(struct tpm *tpm, struct tpm_reply *reply, struct error *err) MUST_USE;

/* CAUSE_DEVICE, in words: the answer to the last command contradicts the format. */
enum cause tpm_bad_answer(const struct tpm *tpm, struct error *err);

/*
 * Forget the object or session at @handle, if that is not 0; a failure is silent, the kernel does it when
 * the device is closed.
 */
void tpm_flush(struct tpm *tpm, uint32_t *handle);

#endif
