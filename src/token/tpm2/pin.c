/* SPDX-License-Identifier: MIT */
/* pin - see pin.h. */
#include "token/tpm2/pin.h"
#include "crypto/argon2_derive.h"
#include "crypto/hmac.h"
#include "crypto/kdf_limits.h"
#include "format/base64.h"
#include "secret/wipe.h"
#include <string.h>

enum { PBKDF2_ITERATIONS = 10000, DERIVED_BYTES = 32 };

enum cause pin_check(const struct token *token, uint64_t available_kib, struct error *err)
{
	const struct kdf *k = &token->argon2id;
	const struct kdf_limits *limits = &kdf_default_limits;

	if (token->pin != TOKEN_PIN_ARGON2ID)
		return CAUSE_OK;
	if (k->memory_kib > limits->memory_kib || k->lanes > limits->lanes ||
		(uint64_t)k->memory_kib * k->iterations > limits->kib_passes ||
		k->iterations > UINT32_MAX / 4)
		return error_set(err, CAUSE_UNSUPPORTED,
			"the PIN's Argon2id needs %u passes over %u MiB with %u lanes: "
			"more than the limits of a keyslot",
			k->iterations, k->memory_kib >> 10, k->lanes);
	/* A sixteenth stays free, as for a keyslot. */
	if (available_kib != UINT64_MAX && k->memory_kib > available_kib - available_kib / 16)
		return error_set(err, CAUSE_RESOURCE,
			"the PIN's Argon2id needs %u MiB of memory, %llu MiB are free; "
			"enrol again with a smaller --tpm2-argon2id-memory=",
			k->memory_kib >> 10, (unsigned long long)available_kib >> 10);
	return CAUSE_OK;
}

/* RFC 8018, 5.2, of one block. */
static void pbkdf2(struct bytes pin, struct bytes salt, uint8_t out[static DERIVED_BYTES])
{
	static const uint8_t index[] = {0, 0, 0, 1};
	struct bytes first[] = {salt, {index, sizeof(index)}};
	uint8_t u[DERIVED_BYTES];
	struct bytes next = {u, sizeof(u)};

	hmac_run(pin, first, 2, u);
	memcpy(out, u, DERIVED_BYTES);
	for (int i = 1; i < PBKDF2_ITERATIONS; i++) {
		hmac_run(pin, &next, 1, u);
		for (int k = 0; k < DERIVED_BYTES; k++)
			out[k] ^= u[k];
	}
	wipe(u, sizeof(u));
}

/* What stands for the PIN afterwards is text. */
static void hash_as_text(const uint8_t *derived, uint8_t *auth)
{
	char text[BASE64_CHARS(DERIVED_BYTES)];

	base64_encode(derived, DERIVED_BYTES, text);
	hmac_sha256(&(struct bytes){text, sizeof(text)}, 1, auth);
	wipe(text, sizeof(text));
}

enum cause pin_auth(const struct token *token, struct bytes pin, uint8_t *auth, size_t *auth_len,
	uint8_t *lock, struct error *err)
{
	uint8_t derived[PIN_LOCK_BYTES + DERIVED_BYTES];
	enum cause cause = CAUSE_OK;

	switch (token->pin) {
	case TOKEN_PIN_NONE:
		*auth_len = 0;
		return CAUSE_OK;
	case TOKEN_PIN_DIRECT:
		hmac_sha256(&pin, 1, auth);
		break;
	case TOKEN_PIN_PBKDF2:
		pbkdf2(pin, (struct bytes){token->salt, token->salt_bytes}, derived);
		hash_as_text(derived, auth);
		break;
	case TOKEN_PIN_ARGON2ID:
		cause = argon2_derive(&token->argon2id, pin, derived, sizeof(derived), NULL);
		if (cause)
			(void)error_set(err, cause, "cannot allocate %u MiB of memory for the PIN's Argon2id",
				token->argon2id.memory_kib >> 10);
		memcpy(lock, derived, PIN_LOCK_BYTES);
		hash_as_text(derived + PIN_LOCK_BYTES, auth);
		break;
	}
	wipe(derived, sizeof(derived));
	/* The TPM compares without them (part 1: 19.6.4.3). */
	for (*auth_len = TPM_DIGEST_BYTES; *auth_len && !auth[*auth_len - 1];)
		--*auth_len;
	return cause;
}

size_t pin_passphrase(const struct token *token, struct bytes secret, const uint8_t *lock, char *out)
{
	static const char info[] = "systemd-tpm2-argon2id-lock";
	uint8_t locked[DERIVED_BYTES];

	if (token->pin == TOKEN_PIN_ARGON2ID) {
		hmac_hkdf((struct bytes){lock, PIN_LOCK_BYTES}, secret, (struct bytes){info, strlen(info)},
			locked);
		secret = (struct bytes){locked, sizeof(locked)};
	}
	base64_encode(secret.data, secret.len, out);
	wipe(locked, sizeof(locked));
	return BASE64_CHARS(secret.len);
}
