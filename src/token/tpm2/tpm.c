/* SPDX-License-Identifier: MIT */
/* tpm - see tpm.h. */
#include "token/tpm2/tpm.h"
#include "token/contract.h"
#include "token/tpm2/refusal.h"

enum {
	TAG_NO_SESSIONS = 0x8001,
	TAG_SESSIONS = 0x8002,
	SIZE_AT = 2,
	RC_RETRY = 0x922,
	RC_YIELDED = 0x908,
	RC_TESTING = 0x90a,
	/* Waits of 10, 20, 40 ... ms, 640 at most: some 10 s in all, longer than any self-test. */
	AGAIN_MAX = 20,
	AGAIN_FIRST_MS = 10,
	AGAIN_LAST_MS = 640,
};

static void put_auth(struct wire_out *out, const struct tpm_auth *auth)
{
	bool password = auth->session == TPM_RS_PW;
	size_t len = password ? 0 : TPM_DIGEST_BYTES;

	wire_put_u32(out, (uint32_t)(4 + 2 + len + 1 + 2 + len));
	wire_put_u32(out, auth->session);
	wire_put_sized(out, auth->nonce, len);
	wire_put_u8(out, auth->attributes);
	wire_put_sized(out, auth->hmac, len);
}

static bool put_call(struct tpm *tpm, const struct tpm_call *call, struct bytes *command)
{
	struct wire_out out = {.data = tpm->command, .room = sizeof(tpm->command)};

	wire_put_u16(&out, call->auth.session ? TAG_SESSIONS : TAG_NO_SESSIONS);
	wire_put_u32(&out, 0);
	wire_put_u32(&out, call->code);
	for (unsigned i = 0; i < call->handle_count; i++)
		wire_put_u32(&out, call->handles[i]);
	if (call->auth.session)
		put_auth(&out, &call->auth);
	wire_put(&out, call->parameters.data, call->parameters.len);
	bytes_put_be32(tpm->command + SIZE_AT, (uint32_t)out.len);
	*command = (struct bytes){tpm->command, out.len};
	return !out.full;
}

static enum cause exchange(struct tpm *tpm, const struct tpm_call *call, struct bytes command,
	struct error *err)
{
	const struct tpm_transport *t = &tpm->transport;
	unsigned patience_ms = call->patience_ms ? call->patience_ms : TPM_PATIENCE_MS;
	unsigned wait_ms = AGAIN_FIRST_MS;

	for (int again = 0;; again++) {
		enum cause cause =
			t->exchange(t->context, command, tpm->answer, &tpm->answer_len, patience_ms, err);

		if (cause) {
			error_prefix(err, "%s", call->name);
			return cause;
		}
		tpm->rc = bytes_be32(tpm->answer + 6);
		if ((tpm->rc != RC_RETRY && tpm->rc != RC_YIELDED && tpm->rc != RC_TESTING) ||
			again == AGAIN_MAX)
			return CAUSE_OK;
		t->pause(t->context, wait_ms);
		wait_ms = wait_ms < AGAIN_LAST_MS ? wait_ms * 2 : AGAIN_LAST_MS;
	}
}

enum cause tpm_bad_answer(const char *name, struct error *err)
{
	return error_set(err, CAUSE_DEVICE, "%s: the TPM's answer contradicts the format", name);
}

static enum cause take_reply(const struct tpm *tpm, const struct tpm_call *call, struct tpm_reply *reply,
	struct error *err)
{
	struct wire_in in = {tpm->answer, tpm->answer_len, false};
	uint16_t tag = wire_u16(&in), want = call->auth.session ? TAG_SESSIONS : TAG_NO_SESSIONS;

	(void)wire_get(&in, TPM_HEADER_BYTES - 2);
	if (call->answers_handle)
		reply->handle = wire_u32(&in);
	if (tag == TAG_SESSIONS) {
		struct bytes parameters = wire_get(&in, wire_u32(&in));

		reply->nonce = wire_sized(&in, TPM_DIGEST_BYTES);
		reply->attributes = wire_u8(&in);
		reply->hmac = wire_sized(&in, TPM_DIGEST_BYTES);
		reply->parameters = (struct wire_in){parameters.data, parameters.len, false};
	} else {
		reply->parameters = (struct wire_in){in.data, in.left, false};
		in.left = 0;
	}
	return tag == want && wire_is_whole(&in) ? CAUSE_OK : tpm_bad_answer(call->name, err);
}

enum cause tpm_call(struct tpm *tpm, const struct tpm_call *call, struct tpm_reply *reply, struct error *err)
{
	struct bytes command;
	enum cause cause;

	tpm->rc = 0;
	*reply = (struct tpm_reply){0};
	if (contract_is_ended() && call->code != TPM_CC_FLUSH_CONTEXT)
		return error_set(err, CAUSE_DEVICE, "not wanted any more");
	if (!put_call(tpm, call, &command))
		return error_set(err, CAUSE_DAMAGED, "%s: more than %u bytes", call->name, TPM_BYTES_MAX);
	cause = exchange(tpm, call, command, err);
	if (cause)
		return cause;
	if (tpm->rc)
		return refusal_set(call->name, tpm->rc, err);
	return take_reply(tpm, call, reply, err);
}

void tpm_flush(struct tpm *tpm, uint32_t *handle)
{
	struct tpm_call call = {.name = "TPM2_FlushContext",
		.code = TPM_CC_FLUSH_CONTEXT,
		.handle_count = 1,
		.handles = {*handle}};
	uint32_t rc = tpm->rc;
	struct tpm_reply reply;
	struct error ignored;

	if (*handle)
		(void)!tpm_call(tpm, &call, &reply, &ignored);
	*handle = 0;
	tpm->rc = rc;
}
