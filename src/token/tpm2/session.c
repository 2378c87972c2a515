/* SPDX-License-Identifier: MIT */
/* session - see session.h. */
#include "token/tpm2/session.h"
#include "crypto/aes_run.h"
#include "crypto/hmac.h"
#include "secret/wipe.h"
#include <errno.h>
#include <string.h>
#include <sys/random.h>

enum {
	TYPE_POLICY = 1,
	AES_KEY_BITS = 128,
	AES_KEY_BYTES = AES_KEY_BITS / 8,
	ATTRIBUTE_CONTINUE = 0x01,
	ATTRIBUTE_ENCRYPT = 0x40, /* the first parameter of the answer */
};

void session_kdfa(struct bytes key, const char *label, struct bytes u, struct bytes v,
	uint8_t out[static TPM_DIGEST_BYTES])
{
	static const uint8_t counter[] = {0, 0, 0, 1}, bits[] = {0, 0, 1, 0};
	struct bytes parts[] = {{counter, sizeof(counter)}, {label, strlen(label) + 1}, u, v,
		{bits, sizeof(bits)}};

	hmac_run(key, parts, sizeof(parts) / sizeof(*parts), out);
}

static struct bytes nonce(const uint8_t *n)
{
	return (struct bytes){n, TPM_DIGEST_BYTES};
}

static void put_start(const struct session *s, const uint8_t *encrypted, size_t len, struct wire_out *out)
{
	wire_put_sized(out, s->nonce_caller, sizeof(s->nonce_caller));
	wire_put_sized(out, encrypted, len);
	wire_put_u8(out, TYPE_POLICY);
	wire_put_u16(out, TPM_ALG_AES);
	wire_put_u16(out, AES_KEY_BITS);
	wire_put_u16(out, TPM_ALG_CFB);
	wire_put_u16(out, TPM_ALG_SHA256);
}

static enum cause take_start(const struct tpm *tpm, struct session *s, struct tpm_reply *reply,
	struct error *err)
{
	struct bytes nonce_tpm = wire_sized(&reply->parameters, TPM_DIGEST_BYTES);

	s->handle = reply->handle;
	if (!wire_is_whole(&reply->parameters) || nonce_tpm.len != TPM_DIGEST_BYTES)
		return tpm_bad_answer(tpm, err);
	memcpy(s->nonce_tpm, nonce_tpm.data, nonce_tpm.len);
	session_kdfa((struct bytes){s->salt, sizeof(s->salt)}, "ATH", nonce(s->nonce_tpm),
		nonce(s->nonce_caller), s->key);
	return CAUSE_OK;
}

enum cause session_start(struct tpm *tpm, const struct key *key, uint32_t key_handle, struct session *s,
	struct error *err)
{
	static const struct tpm_command command = {"TPM2_StartAuthSession", .code = TPM_CC_START_AUTH_SESSION,
		.answers_handle = true};
	uint8_t encrypted[KEY_ENCRYPTED_MAX_BYTES];
	struct wire_out *out = tpm_begin(tpm, &command, key_handle);
	struct tpm_reply reply;
	enum cause cause;
	size_t len;

	if (getrandom(s->nonce_caller, sizeof(s->nonce_caller), 0) != sizeof(s->nonce_caller))
		return error_set(err, CAUSE_KERNEL, "no random bytes: error %d", errno);
	cause = key_salt(key, s->salt, encrypted, &len, err);
	wipe_stack();
	if (cause)
		return cause;
	wire_put_u32(out, TPM_RH_NULL); /* its second handle: it is bound to no object */
	put_start(s, encrypted, len, out);
	cause = tpm_call(tpm, &reply, err);
	return cause ? cause : take_start(tpm, s, &reply, err);
}

/*
 * HMAC over the hash of a command's or an answer's parameters, the nonces, newer one first, and the
 * attributes (part 1: 19.6.5). The key is in s->hmac_key.
 */
static void authenticate(const struct session *s, size_t key_len, const uint8_t *parameters_hash,
	const uint8_t *newer, const uint8_t *older, uint8_t attributes, uint8_t *out)
{
	struct bytes parts[] = {nonce(parameters_hash), nonce(newer), nonce(older), {&attributes, 1}};

	hmac_run((struct bytes){s->hmac_key, key_len}, parts, sizeof(parts) / sizeof(*parts), out);
}

/* AES-CFB: a block of zeros through CBC is the bare cipher of what stood before. */
static void unmask(const uint8_t *key, const uint8_t *iv, uint8_t *data, size_t len)
{
	uint8_t before[AES_RUN_BLOCK_BYTES], stream[AES_RUN_BLOCK_BYTES];

	memcpy(before, iv, sizeof(before));
	for (size_t at = 0; at < len; at += sizeof(stream)) {
		size_t take = len - at < sizeof(stream) ? len - at : sizeof(stream);

		memset(stream, 0, sizeof(stream));
		aes_run_cbc_encrypt(key, AES_KEY_BYTES, before, stream, sizeof(stream));
		memcpy(before, data + at, take);
		for (size_t i = 0; i < take; i++)
			data[at + i] ^= stream[i];
	}
	wipe(stream, sizeof(stream));
}

static const uint8_t unseal_code[] = {0, 0, TPM_CC_UNSEAL >> 8, TPM_CC_UNSEAL & 0xff};

/* The command's side of the authorization. */
static void sign_unseal(struct session *s, const uint8_t *name, size_t key_len, struct wire_out *out)
{
	struct bytes parts[] = {{unseal_code, sizeof(unseal_code)}, {name, TPM_NAME_BYTES}};
	uint8_t hash[TPM_DIGEST_BYTES], hmac[TPM_DIGEST_BYTES];

	hmac_sha256(parts, 2, hash);
	authenticate(s, key_len, hash, s->nonce_caller, s->nonce_tpm, ATTRIBUTE_ENCRYPT, hmac);
	tpm_put_auth(out, s->handle, s->nonce_caller, ATTRIBUTE_ENCRYPT, hmac);
}

/* Is the answer the TPM's? Sets the TPM's new nonce. */
static bool check_unseal(struct session *s, size_t key_len, const struct tpm_reply *reply)
{
	static const uint8_t success[4];
	struct bytes parts[] = {{success, sizeof(success)}, {unseal_code, sizeof(unseal_code)},
		{reply->parameters.data, reply->parameters.left}};
	uint8_t hash[TPM_DIGEST_BYTES], want[TPM_DIGEST_BYTES];

	if (reply->nonce.len != TPM_DIGEST_BYTES || reply->hmac.len != TPM_DIGEST_BYTES)
		return false;
	memcpy(s->nonce_tpm, reply->nonce.data, TPM_DIGEST_BYTES);
	hmac_sha256(parts, sizeof(parts) / sizeof(*parts), hash);
	authenticate(s, key_len, hash, s->nonce_tpm, s->nonce_caller, reply->attributes, want);
	return wipe_equal(want, reply->hmac.data, sizeof(want));
}

enum cause session_unseal(struct tpm *tpm, struct session *s, uint32_t handle,
	const uint8_t name[static TPM_NAME_BYTES], bool with_auth, uint8_t *out, size_t room, size_t *len,
	struct error *err)
{
	static const struct tpm_command command = {"TPM2_Unseal", .code = TPM_CC_UNSEAL,
		.auth = TPM_AUTH_SESSION};
	size_t key_len = sizeof(s->key) + s->auth_len;
	struct tpm_reply reply;
	struct bytes secret;
	enum cause cause;

	memcpy(s->hmac_key, s->key, sizeof(s->key));
	memcpy(s->hmac_key + sizeof(s->key), s->auth, s->auth_len);
	sign_unseal(s, name, with_auth ? key_len : sizeof(s->key), tpm_begin(tpm, &command, handle));
	cause = tpm_call(tpm, &reply, err);
	if (cause)
		return cause;
	if (!check_unseal(s, with_auth ? key_len : sizeof(s->key), &reply))
		return error_set(err, CAUSE_DEVICE,
			"TPM2_Unseal: the response's authentication failed: "
			"something between the TPM and this program modified it");
	if (!(reply.attributes & ATTRIBUTE_CONTINUE))
		s->handle = 0;
	secret = wire_sized(&reply.parameters, room);
	if (!wire_is_whole(&reply.parameters) || !(reply.attributes & ATTRIBUTE_ENCRYPT))
		return tpm_bad_answer(tpm, err);
	memcpy(out, secret.data, secret.len);
	*len = secret.len;
	session_kdfa((struct bytes){s->hmac_key, key_len}, "CFB", nonce(s->nonce_tpm), nonce(s->nonce_caller),
		s->mask);
	unmask(s->mask, s->mask + AES_KEY_BYTES, out, *len);
	wipe_stack();
	return CAUSE_OK;
}
