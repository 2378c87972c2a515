/* SPDX-License-Identifier: MIT */
/* token - see token.h. Members as systemd's cryptenroll writes them, from 248 to 262. */
#include "token/tpm2/token.h"
#include "format/base64.h"
#include "format/pcr.h"
#include "secret/wipe.h"
#include "token/tpm2/field.h"
#include <string.h>

static enum cause damaged(const char *name, struct error *err)
{
	return error_set(err, CAUSE_DAMAGED, "the token's %s contradicts the format", name);
}

/* Base64 to at most @room bytes. */
static enum cause read_bytes(const struct json *v, const char *name, uint8_t *out, size_t room, size_t *len,
	struct error *err)
{
	const char *text = json_string(v);

	return text && base64_decode(text, out, room, len) ? CAUSE_OK : damaged(name, err);
}

/* Absent is false. */
static enum cause read_flag(const struct json *root, const char *name, bool *out, struct error *err)
{
	const struct json *v = json_member(root, name);

	*out = false;
	return !v || json_bool(v, out) ? CAUSE_OK : damaged(name, err);
}

/* --- what is not done here ---------------------------------------------------------------- */

static const struct refused {
	const char *name, *why;
} refused[] = {
	{"tpm2_pubkey_ref", "a signed PCR policy with a reference (tpm2_pubkey_ref)"},
	{"tpm2_pcrlock_nv", "a policy of systemd-pcrlock (tpm2_pcrlock)"},
};

static const char *const known[] = {"tpm2-blob", "tpm2-pcrs", "tpm2-pcr-bank", "tpm2-primary-alg",
	"tpm2-policy-hash", "tpm2-pin", "tpm2_salt", "tpm2_srk", "tpm2_pubkey", "tpm2_pubkey_pcrs",
	"tpm2_pcrlock", "tpm2_argon2id_memcost", "tpm2_argon2id_iterations", "tpm2_argon2id_lanes"};

enum { REFUSED = sizeof(refused) / sizeof(*refused), KNOWN = sizeof(known) / sizeof(*known) };

static enum cause refuse_member(const char *name, struct error *err)
{
	for (int i = 0; i < REFUSED; i++)
		if (!strcmp(name, refused[i].name))
			return error_set(err, CAUSE_UNSUPPORTED,
				"the token is bound to %s, which is not supported", refused[i].why);
	for (int i = 0; i < KNOWN; i++)
		if (!strcmp(name, known[i]))
			return CAUSE_OK;
	/* Other members belong to other programs; these two families are the enroller's. */
	if (strncmp(name, "tpm2", 4) && strncmp(name, "fido2", 5))
		return CAUSE_OK;
	return error_set(err, CAUSE_UNSUPPORTED, "the token has the member %s, which is not supported", name);
}

static enum cause refuse_unknown(const struct json *root, struct error *err)
{
	enum cause cause = CAUSE_OK;
	bool pcrlock;

	for (const struct json *v = json_first(root); v && !cause; v = json_next(v))
		cause = refuse_member(json_name(v), err);
	if (!cause)
		cause = read_flag(root, "tpm2_pcrlock", &pcrlock, err);
	if (!cause && pcrlock)
		cause = refuse_member("tpm2_pcrlock_nv", err);
	return cause;
}

/* --- the sealed secret -------------------------------------------------------------------- */

static enum cause read_blob(const struct json *v, struct token_blob *blob, struct error *err)
{
	static const char name[] = "tpm2-blob";
	struct wire_in in = {.data = blob->data}, public;
	enum cause cause = read_bytes(v, name, blob->data, sizeof(blob->data), &in.left, err);

	if (cause)
		return cause;
	blob->private = wire_sized(&in, TOKEN_BLOB_MAX_BYTES);
	blob->public = wire_sized(&in, TOKEN_BLOB_MAX_BYTES);
	if (in.left)
		blob->seed = wire_sized(&in, KEY_ENCRYPTED_MAX_BYTES);
	public = (struct wire_in){blob->public.data, blob->public.len, false};
	if (!wire_is_whole(&in) || !blob->private.len || wire_u16(&public) != TPM_ALG_KEYEDHASH)
		return damaged(name, err);
	if (wire_u16(&public) != TPM_ALG_SHA256)
		return error_set(err, CAUSE_UNSUPPORTED, "the token's object is not named by SHA-256");
	return CAUSE_OK;
}

/* One blob and one digest, or as many of both in arrays (systemd 257 and later). */
static enum cause read_blobs(const struct json *root, struct token *t, struct error *err)
{
	const struct json *blob = json_member(root, "tpm2-blob"),
			  *policy = json_member(root, "tpm2-policy-hash");
	bool several = json_is_array(blob);
	enum cause cause = CAUSE_OK;

	if (several != json_is_array(policy))
		return damaged("tpm2-policy-hash", err);
	if (several)
		blob = json_first(blob), policy = json_first(policy);
	for (; blob && policy && !cause; t->blob_count++) {
		if (t->blob_count == TOKEN_BLOBS_MAX)
			return error_set(err, CAUSE_UNSUPPORTED, "the token's secret has more than %d parts",
				TOKEN_BLOBS_MAX);
		cause = read_blob(blob, &t->blobs[t->blob_count], err);
		if (!cause)
			cause = field_digest(policy, t->blobs[t->blob_count].policy)
			                ? CAUSE_OK
			                : damaged("tpm2-policy-hash", err);
		blob = several ? json_next(blob) : NULL;
		policy = several ? json_next(policy) : NULL;
	}
	if (!cause && (!t->blob_count || blob || policy))
		return damaged("tpm2-blob", err);
	return cause;
}

/* --- what it is bound to ------------------------------------------------------------------ */

static enum cause read_pcrs(const struct json *root, struct token *t, struct error *err)
{
	const struct json *pcrs = json_member(root, "tpm2-pcrs"), *bank = json_member(root, "tpm2-pcr-bank");
	const char *name = json_string(bank);
	const struct pcr_bank *known_bank = name ? pcr_find_bank(name) : NULL;

	if (!pcr_read(pcrs, &t->pcrs))
		return damaged("tpm2-pcrs", err);
	if (bank && !name)
		return damaged("tpm2-pcr-bank", err);
	if (name && !known_bank)
		return error_set(err, CAUSE_UNSUPPORTED, "the token's PCR bank \"%s\" is not known", name);
	t->bank = known_bank ? known_bank->number : 0;
	return CAUSE_OK;
}

/* A signed policy: both members, or none. */
static enum cause read_signer(const struct json *root, struct token *t, struct error *err)
{
	const struct json *key = json_member(root, "tpm2_pubkey"),
			  *pcrs = json_member(root, "tpm2_pubkey_pcrs");
	uint8_t pem[SIGNER_PEM_MAX_BYTES];
	size_t len;
	enum cause cause;

	if (!key && !pcrs)
		return CAUSE_OK;
	if (!pcr_read(pcrs, &t->signer.pcrs) || !t->signer.pcrs)
		return damaged("tpm2_pubkey_pcrs", err);
	cause = read_bytes(key, "tpm2_pubkey", pem, sizeof(pem), &len, err);
	return cause ? cause : signer_read((struct bytes){pem, len}, &t->signer, err);
}

static enum cause read_argon2id(const struct json *memory, const struct json *passes,
	const struct json *lanes, struct token *t, struct error *err)
{
	struct kdf *k = &t->argon2id;
	uint32_t bytes;

	if (!json_u32(memory, &bytes))
		return error_set(err, CAUSE_UNSUPPORTED,
			"the token's tpm2_argon2id_memcost is not a number of bytes below 4 GiB");
	if (!json_u32(passes, &k->iterations) || !json_u32(lanes, &k->lanes) || !t->salt_bytes ||
		!k->iterations || !k->lanes || bytes / 1024 / 8 < k->lanes)
		return damaged("tpm2_argon2id", err);
	k->kind = KDF_ARGON2ID;
	k->memory_kib = bytes / 1024;
	k->salt_bytes = (uint32_t)t->salt_bytes;
	memcpy(k->salt, t->salt, t->salt_bytes);
	t->pin = TOKEN_PIN_ARGON2ID;
	return CAUSE_OK;
}

static enum cause read_pin(const struct json *root, struct token *t, struct error *err)
{
	const struct json *salt = json_member(root, "tpm2_salt"),
			  *memory = json_member(root, "tpm2_argon2id_memcost"),
			  *passes = json_member(root, "tpm2_argon2id_iterations"),
			  *lanes = json_member(root, "tpm2_argon2id_lanes");
	enum cause cause;
	bool pin;

	cause = read_flag(root, "tpm2-pin", &pin, err);
	if (!cause && salt)
		cause = read_bytes(salt, "tpm2_salt", t->salt, sizeof(t->salt), &t->salt_bytes, err);
	if (cause)
		return cause;
	if (memory || passes || lanes)
		return pin ? read_argon2id(memory, passes, lanes, t, err) : damaged("tpm2_argon2id", err);
	if (pin)
		t->pin = t->salt_bytes ? TOKEN_PIN_PBKDF2 : TOKEN_PIN_DIRECT;
	return CAUSE_OK;
}

/* --- the storage key ---------------------------------------------------------------------- */

/*
 * As the TPM software stack writes a reference to a key: handle, name, the kind of what is referred to,
 * public area. The name must be that of the public area: then it is the key that enrolment saw.
 */
static enum cause read_srk(const struct json *v, struct token *t, struct error *err)
{
	enum { KIND_KEY = 1, HANDLE_PERSISTENT = 0x81 };
	static const char member[] = "tpm2_srk";
	struct wire_in in = {.data = t->srk_data};
	struct bytes name, area;
	enum cause cause = read_bytes(v, member, t->srk_data, sizeof(t->srk_data), &in.left, err);
	bool is_key;

	if (cause)
		return cause;
	t->srk_handle = wire_u32(&in);
	name = wire_sized(&in, TPM_NAME_BYTES);
	is_key = wire_u32(&in) == KIND_KEY;
	area = wire_sized(&in, KEY_PUBLIC_MAX_BYTES);
	if (!wire_is_whole(&in) || !is_key || t->srk_handle >> 24 != HANDLE_PERSISTENT)
		return damaged(member, err);
	cause = key_read(area, &t->srk, err);
	if (!cause && (name.len != TPM_NAME_BYTES || !wipe_equal(name.data, t->srk.name, TPM_NAME_BYTES)))
		cause = error_set(err, CAUSE_DAMAGED, "the token's tpm2_srk has the name of another key");
	return cause;
}

static enum cause read_storage_key(const struct json *root, struct token *t, struct error *err)
{
	const struct json *srk = json_member(root, "tpm2_srk"), *kind = json_member(root, "tpm2-primary-alg");
	const char *name = kind ? json_string(kind) : "ecc";

	if (!name)
		return damaged("tpm2-primary-alg", err);
	t->primary = !strcmp(name, "rsa") ? TPM_ALG_RSA : TPM_ALG_ECC;
	if (srk)
		return read_srk(srk, t, err);
	if (t->primary == TPM_ALG_ECC && strcmp(name, "ecc"))
		return error_set(err, CAUSE_UNSUPPORTED, "the token's tpm2-primary-alg \"%s\" is not known",
			name);
	return CAUSE_OK;
}

static enum cause read_members(const struct json *root, struct token *t, struct error *err)
{
	const char *type = json_string(json_member(root, "type"));
	enum cause cause;

	/* Neither a second member nor text that closes the first one early. */
	if (!json_is_object(root) || json_next(root))
		return error_set(err, CAUSE_DAMAGED, "the token is not one object");
	if (!type || strcmp(type, "systemd-tpm2"))
		return error_set(err, CAUSE_UNSUPPORTED, "the token's type is not systemd-tpm2");
	cause = refuse_unknown(root, err);
	if (!cause)
		cause = read_blobs(root, t, err);
	if (!cause)
		cause = read_pcrs(root, t, err);
	if (!cause)
		cause = read_signer(root, t, err);
	if (!cause)
		cause = read_pin(root, t, err);
	return cause ? cause : read_storage_key(root, t, err);
}

enum cause token_read(const char *text, size_t len, struct token *token, struct measurement *measured,
	struct error *err)
{
	const struct json *root;
	enum cause cause;

	memset(token, 0, sizeof(*token));
	measured->pcr = PCR_COUNT;
	cause = json_open(text, len, &root, err);
	if (!cause) {
		root = json_member(root, "tokens");
		cause = measure_is_record(root) ? measure_read(root, measured, err)
		                                : read_members(root, token, err);
	}
	json_close();
	return cause;
}
