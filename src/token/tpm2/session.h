/* SPDX-License-Identifier: MIT */
/*
 * session - a policy session that is salted to a storage key and hides what the TPM answers (TPM 2.0
 * Library, part 1: 19.6 and 21).
 *
 * Its key comes from a salt that only the owner of the storage key can read. So a device between us and
 * the TPM can neither read the secret that Unseal gives, nor forge one, nor try PINs on what it saw.
 */
#ifndef TOKEN_TPM2_SESSION_H
#define TOKEN_TPM2_SESSION_H

#include "token/tpm2/key.h"

/* Holds secrets: it lives in the arena. */
struct session {
	uint32_t handle; /* 0: none */
	uint8_t key[TPM_DIGEST_BYTES];
	uint8_t auth
		[TPM_DIGEST_BYTES]; /* of the object that is used: of its PIN; set it before session_unseal */
	size_t auth_len;            /* without trailing zeros */
	uint8_t nonce_caller[TPM_DIGEST_BYTES], nonce_tpm[TPM_DIGEST_BYTES];
	/* Room for what is on the way. */
	uint8_t salt[KEY_SALT_BYTES], hmac_key[2 * TPM_DIGEST_BYTES], mask[TPM_DIGEST_BYTES];
};

/*
 * KDFa with SHA-256 (part 1: 11.4.10.2), one block: 256 bits into @out. Label as written, its NUL is added.
 */
void session_kdfa(struct bytes key, const char *label, struct bytes u, struct bytes v,
	uint8_t out[static TPM_DIGEST_BYTES]);

/*
 * Start a policy session salted to @key, which the TPM has at @key_handle.
 * Fails: as tpm_call and key_salt; CAUSE_DEVICE when the TPM's nonce has another size than SHA-256.
 */
enum cause session_start(struct tpm *tpm, const struct key *key, uint32_t key_handle, struct session *s,
	struct error *err) MUST_USE;

/*
 * TPM2_Unseal of the object @handle with the name @name: its secret into @out (@room bytes). @with_auth:
 * the policy asks for s->auth. On success the session is gone. CAUSE_DEVICE: as tpm_call, or the answer is
 * not the TPM's: its HMAC is wrong.
 */
enum cause session_unseal(struct tpm *tpm, struct session *s, uint32_t handle,
	const uint8_t name[static TPM_NAME_BYTES], bool with_auth, uint8_t *out, size_t room, size_t *len,
	struct error *err) MUST_USE;

#endif
