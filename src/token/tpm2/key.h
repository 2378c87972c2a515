/* SPDX-License-Identifier: MIT */
/*
 * key - the storage key below which a token's secret is kept (TPM 2.0 Library, part 2: 12.2; part 1:
 * 11.4.10, 16 and B.10, C.6).
 *
 * It never leaves the TPM, which decrypts with it. With its public part, a program can agree on a secret with
 * the TPM that no eavesdropper between the two learns.
 */
#ifndef TOKEN_TPM2_KEY_H
#define TOKEN_TPM2_KEY_H

#include "token/tpm2/tpm.h"

enum {
	KEY_PUBLIC_MAX_BYTES = 640, /* of an RSA key with 4096 bits, with room */
	KEY_ENCRYPTED_MAX_BYTES = 512,
	KEY_SALT_BYTES = TPM_DIGEST_BYTES,
};

/* The public part of a storage key: P-256 or RSA, named by SHA-256. */
struct key {
	uint8_t name[TPM_NAME_BYTES];
	uint16_t kind;        /* TPM_ALG_ECC or TPM_ALG_RSA */
	struct bytes x, y;    /* ECC: coordinates, up to 32 bytes each */
	struct bytes modulus; /* RSA */
	uint32_t exponent;    /* RSA */
};

/* The name of the public area @area: its hash's number and SHA-256. */
void key_name(struct bytes area, uint8_t name[static TPM_NAME_BYTES]);

/*
 * Read the public area @area, which stays the caller's: @key points into it.
 * Fails: CAUSE_DAMAGED (contradicts the format), CAUSE_UNSUPPORTED (another kind of key, curve or hash: by
 * its number).
 */
enum cause key_read(struct bytes area, struct key *key, struct error *err) MUST_USE;

/*
 * Agree with the owner of @key on @salt (KEY_SALT_BYTES, a secret): @encrypted (KEY_ENCRYPTED_MAX_BYTES of
 * room) is what tells it. Leaves secrets on the dead stack: call wipe_stack afterwards.
 * Fails: CAUSE_DAMAGED (not a point of the curve, not a modulus), CAUSE_KERNEL (no random bytes).
 */
enum cause key_salt(const struct key *key, uint8_t *salt, uint8_t *encrypted, size_t *encrypted_len,
	struct error *err) MUST_USE;

/*
 * The public area that a storage key of systemd before 254 was made from, ECC or RSA (@kind), into @out. A
 * TPM makes the same key of it each time.
 */
void key_template(uint16_t kind, struct wire_out *out);

#endif
