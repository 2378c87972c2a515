/* SPDX-License-Identifier: MIT */
/*
 * unseal - see unseal.h.
 *
 * The PIN is asked for only after the TPM has the token's key, takes its blob and meets its policy. What
 * can be known without a PIN fails without one.
 */
#include "token/tpm2/unseal.h"
#include "base/text.h"
#include "format/pcr.h"
#include "secret/wipe.h"
#include "token/tpm2/lockout.h"
#include "token/tpm2/policy.h"
#include <string.h>

enum {
	CREATE_PATIENCE_MS = 120000, /* an RSA key on a slow chip */
	PCR_CHANGED_MAX = 10,        /* something is being measured right now: begin again */
	SHARE_MAX_BYTES = PIN_SECRET_MAX_BYTES / TOKEN_BLOBS_MAX,
};

struct run {
	struct tpm *tpm;
	const struct token *token;
	struct unseal_secrets *s;
	const struct signatures *signatures;
	struct key parent;
	uint32_t parent_handle;
	bool parent_is_ours; /* made anew: to be flushed */
	bool pcrs_differ;
	uint8_t parent_area[KEY_PUBLIC_MAX_BYTES];
};

/* --- the storage key ---------------------------------------------------------------------- */

static enum cause take_primary(struct run *r, struct tpm_reply *reply, struct error *err)
{
	struct bytes area = wire_sized(&reply->parameters, sizeof(r->parent_area));

	r->parent_handle = reply->handle;
	r->parent_is_ours = true;
	/* Its creation data follow, which are not needed. */
	if (reply->parameters.cut || !area.len)
		return tpm_bad_answer(r->tpm, err);
	memcpy(r->parent_area, area.data, area.len);
	return key_read((struct bytes){r->parent_area, area.len}, &r->parent, err);
}

static enum cause make_primary(struct run *r, struct error *err)
{
	static const struct tpm_command command = {"TPM2_CreatePrimary", TPM_CC_CREATE_PRIMARY,
		TPM_AUTH_PASSWORD, true, CREATE_PATIENCE_MS};
	uint8_t template[64];
	struct wire_out *out = tpm_begin(r->tpm, &command, TPM_RH_OWNER),
			area = {.data = template, .room = sizeof(template)};
	struct tpm_reply reply;
	enum cause cause;

	key_template(r->token->primary, &area);
	/*
	 * No password and no data of its own, which are two empty buffers; then no other data, and no PCRs.
	 */
	wire_put_u16(out, 4);
	wire_put_u32(out, 0);
	wire_put_sized(out, template, area.len);
	wire_put_u16(out, 0);
	wire_put_u32(out, 0);
	cause = tpm_call(r->tpm, &reply, err);
	return cause ? cause : take_primary(r, &reply, err);
}

static enum cause find_parent(struct run *r, struct error *err)
{
	if (!r->token->srk_handle)
		return make_primary(r, err);
	r->parent = r->token->srk;
	r->parent_handle = r->token->srk_handle;
	return CAUSE_OK;
}

/* --- one blob ----------------------------------------------------------------------------- */

/*
 * A blob that was made elsewhere for this TPM: its private part becomes one of the TPM's own, @private, a
 * view into the answer.
 */
static enum cause import(struct run *r, const struct token_blob *blob, struct bytes *private,
	struct error *err)
{
	static const struct tpm_command command = {"TPM2_Import", .code = TPM_CC_IMPORT,
		.auth = TPM_AUTH_PASSWORD};
	struct wire_out *out = tpm_begin(r->tpm, &command, r->parent_handle);
	struct tpm_reply reply;
	enum cause cause;

	wire_put_u16(out, 0); /* no inner wrapping */
	wire_put_sized(out, blob->public.data, blob->public.len);
	wire_put_sized(out, blob->private.data, blob->private.len);
	wire_put_sized(out, blob->seed.data, blob->seed.len);
	wire_put_u16(out, TPM_ALG_NULL);
	cause = tpm_call(r->tpm, &reply, err);
	if (cause)
		return cause;
	*private = wire_sized(&reply.parameters, TOKEN_BLOB_MAX_BYTES);
	return wire_is_whole(&reply.parameters) ? CAUSE_OK : tpm_bad_answer(r->tpm, err);
}

static enum cause load(struct run *r, const struct token_blob *blob, uint32_t *object, struct error *err)
{
	static const struct tpm_command command = {"TPM2_Load", .code = TPM_CC_LOAD,
		.auth = TPM_AUTH_PASSWORD, .answers_handle = true};
	struct bytes private = blob->private;
	struct wire_out *out;
	struct tpm_reply reply;
	enum cause cause = blob->seed.len ? import(r, blob, &private, err) : CAUSE_OK;

	if (cause)
		return cause;
	out = tpm_begin(r->tpm, &command, r->parent_handle);
	wire_put_sized(out, private.data, private.len);
	wire_put_sized(out, blob->public.data, blob->public.len);
	cause = tpm_call(r->tpm, &reply, err);
	*object = reply.handle;
	return cause;
}

/* The signer's PCRs come first, alone: what they are bound to is then replaced by the signer. */
static enum cause meet_signed(struct run *r, uint16_t bank, struct error *err)
{
	const struct signer *signer = &r->token->signer;
	uint32_t session = r->s->session.handle;
	enum cause cause = policy_pcr(r->tpm, session, bank, signer->pcrs, err);

	if (!cause)
		cause = signer_authorize(r->tpm, session, signer, r->signatures, err);
	r->pcrs_differ = cause == CAUSE_PASSPHRASE;
	return cause;
}

/* The session's policy, and whether it is what the token says: a TPM would refuse anyway, but not say why. */
static enum cause meet_policy(struct run *r, const struct token_blob *blob, uint16_t bank, struct error *err)
{
	const struct token *t = r->token;
	uint32_t session = r->s->session.handle;
	uint8_t digest[TPM_DIGEST_BYTES];
	char list[PCR_LIST_BYTES];
	enum cause cause = CAUSE_OK;

	if (t->signer.area_len)
		cause = meet_signed(r, bank, err);
	if (!cause && t->pcrs)
		cause = policy_pcr(r->tpm, session, bank, t->pcrs, err);
	if (!cause && t->pin)
		cause = policy_auth_value(r->tpm, session, err);
	if (!cause)
		cause = policy_digest(r->tpm, session, digest, err);
	if (cause || wipe_equal(digest, blob->policy, sizeof(digest)))
		return cause;
	if (!t->pcrs)
		return error_set(err, CAUSE_DAMAGED,
			"the token's policy digest does not match its other members");
	r->pcrs_differ = true;
	pcr_list(t->pcrs, list, sizeof(list));
	return error_set(err, CAUSE_PASSPHRASE, "PCR %s (%s) has changed since the token was enrolled", list,
		pcr_bank_name(bank));
}

/* Old tokens do not name their bank: then both that it can be are tried. */
static enum cause start_session(struct run *r, const struct token_blob *blob, uint16_t bank,
	struct error *err)
{
	struct session *s = &r->s->session;
	enum cause cause;

	tpm_flush(r->tpm, &s->handle);
	cause = session_start(r->tpm, &r->parent, r->parent_handle, s, err);
	return cause ? cause : meet_policy(r, blob, bank, err);
}

static enum cause bind(struct run *r, const struct token_blob *blob, struct error *err)
{
	uint16_t bank = r->token->bank;
	enum cause cause = start_session(r, blob, bank ? bank : TPM_ALG_SHA256, err);

	if (cause == CAUSE_PASSPHRASE && !bank)
		cause = start_session(r, blob, TPM_ALG_SHA1, err);
	return cause;
}

/* A refused authorization is a wrong PIN; without a PIN, a session key that the TPM does not share. */
static enum cause explain_refusal(const struct run *r, enum cause cause, struct error *err)
{
	if (r->tpm->rc != TPM_RC_AUTH_FAIL && r->tpm->rc != TPM_RC_BAD_AUTH)
		return cause;
	if (r->token->pin)
		return error_set(err, CAUSE_PASSPHRASE, "wrong PIN (TPM2_Unseal: 0x%x)", r->tpm->rc);
	return error_set(err, CAUSE_DEVICE,
		"the session's authentication failed: "
		"something between the TPM and this program modified it (TPM2_Unseal: 0x%x)",
		r->tpm->rc);
}

static enum cause unseal(struct run *r, const struct token_blob *blob, uint32_t object, struct error *err)
{
	struct unseal_secrets *s = r->s;
	uint8_t name[TPM_NAME_BYTES];
	enum cause cause;
	size_t len;

	key_name(blob->public, name);
	memcpy(s->session.auth, s->auth, s->auth_len);
	s->session.auth_len = s->auth_len;
	cause = session_unseal(r->tpm, &s->session, object, name, r->token->pin != TOKEN_PIN_NONE,
		s->secret + s->secret_len, SHARE_MAX_BYTES, &len, err);
	if (cause)
		return explain_refusal(r, cause, err);
	s->secret_len += len;
	return CAUSE_OK;
}

/* Not @whole: everything but the unsealing. */
static enum cause open_blob(struct run *r, const struct token_blob *blob, bool whole, struct error *err)
{
	uint32_t object = 0;
	enum cause cause = load(r, blob, &object, err);

	if (!cause)
		cause = bind(r, blob, err);
	if (!cause && whole)
		cause = unseal(r, blob, object, err);
	tpm_flush(r->tpm, &r->s->session.handle);
	tpm_flush(r->tpm, &object);
	return cause;
}

static enum cause open_all(struct run *r, bool whole, struct error *err)
{
	enum cause cause = CAUSE_OK;

	r->s->secret_len = 0;
	for (unsigned i = 0; i < r->token->blob_count && !cause; i++) {
		unsigned again = 0;

		do
			cause = open_blob(r, &r->token->blobs[i], whole, err);
		while (cause && r->tpm->rc == TPM_RC_PCR_CHANGED && again++ < PCR_CHANGED_MAX);
	}
	return cause;
}

/* --- the PIN ------------------------------------------------------------------------------ */

static enum cause ask_pin(struct run *r, struct error *err)
{
	struct unseal_secrets *s = r->s;
	struct lockout lockout;
	enum cause cause = lockout_read(r->tpm, &lockout, err);

	if (!cause)
		cause = lockout_check(&lockout, err);
	if (!cause)
		cause = contract_ask_pin(lockout.left, s->pin, &s->pin_len, err);
	if (!cause && r->token->pin == TOKEN_PIN_ARGON2ID)
		contract_wait("deriving the key from the PIN");
	if (!cause)
		cause = pin_auth(r->token, (struct bytes){s->pin, s->pin_len}, s->auth, &s->auth_len, s->lock,
			err);
	wipe(s->pin, sizeof(s->pin));
	wipe_stack();
	return cause;
}

/* With what a person gives, and again: each PIN is one try. */
static enum cause open_with_pin(struct run *r, struct error *err)
{
	for (;;) {
		enum cause cause = ask_pin(r, err);

		if (!cause)
			cause = open_all(r, true, err);
		if (cause != CAUSE_PASSPHRASE ||
			(r->tpm->rc != TPM_RC_AUTH_FAIL && r->tpm->rc != TPM_RC_BAD_AUTH))
			return cause;
		contract_say("%s", err->text);
	}
}

static enum cause get_secret(struct run *r, struct error *err)
{
	enum cause cause;

	if (!r->token->pin)
		return open_all(r, true, err);
	cause = open_all(r, false, err);
	return cause ? cause : open_with_pin(r, err);
}

/* What a person can do about it depends on what the TPM says now. */
static void explain(struct run *r)
{
	struct lockout lockout;
	struct error ignored;

	if (r->tpm->rc == TPM_RC_LOCKOUT && !lockout_read(r->tpm, &lockout, &ignored))
		lockout_say(&lockout);
	else if (r->pcrs_differ)
		policy_show_pcrs(r->tpm, r->token->bank ? r->token->bank : TPM_ALG_SHA256,
			r->token->pcrs | r->token->signer.pcrs);
}

static enum cause give(struct run *r, struct error *err)
{
	struct unseal_secrets *s = r->s;
	size_t len =
		pin_passphrase(r->token, (struct bytes){s->secret, s->secret_len}, s->lock, s->passphrase);

	return contract_give((struct bytes){s->passphrase, len}, err);
}

enum cause unseal_run(struct tpm *tpm, const struct token *token, struct unseal_secrets *secrets,
	uint64_t available_kib, const struct signatures *signatures, struct error *err)
{
	struct run r = {.tpm = tpm, .token = token, .s = secrets, .signatures = signatures};
	enum cause cause = pin_check(token, available_kib, err);

	if (cause)
		return cause;
	cause = find_parent(&r, err);
	if (!cause)
		cause = get_secret(&r, err);
	if (cause == CAUSE_PASSPHRASE)
		explain(&r);
	if (r.parent_is_ours)
		tpm_flush(tpm, &r.parent_handle);
	return cause ? cause : give(&r, err);
}
