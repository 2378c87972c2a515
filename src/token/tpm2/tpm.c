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

void tpm_put_auth(struct wire_out *out, uint32_t session, const uint8_t *nonce, uint8_t attributes,
	const uint8_t *hmac)
{
	size_t len = nonce ? TPM_DIGEST_BYTES : 0;

	wire_put_u32(out, (uint32_t)(4 + 2 + len + 1 + 2 + len));
	wire_put_u32(out, session);
	wire_put_sized(out, nonce, len);
	wire_put_u8(out, attributes);
	wire_put_sized(out, hmac, len);
}

struct wire_out *tpm_begin(struct tpm *tpm, const struct tpm_command *command, uint32_t handle)
{
	struct wire_out *out = &tpm->out;

	tpm->command = command;
	*out = (struct wire_out){.data = tpm->sent, .room = sizeof(tpm->sent)};
	wire_put_u16(out, command->auth ? TAG_SESSIONS : TAG_NO_SESSIONS);
	wire_put_u32(out, 0);
	wire_put_u32(out, command->code);
	if (handle || command->auth)
		wire_put_u32(out, handle);
	if (command->auth == TPM_AUTH_PASSWORD)
		tpm_put_auth(out, TPM_RS_PW, NULL, 0, NULL);
	return out;
}

static enum cause exchange(struct tpm *tpm, struct error *err)
{
	const struct tpm_command *command = tpm->command;
	const struct bytes sent = {tpm->sent, tpm->out.len};
	const struct tpm_transport *t = &tpm->transport;
	unsigned patience_ms = command->patience_ms ? command->patience_ms : TPM_PATIENCE_MS;
	unsigned wait_ms = AGAIN_FIRST_MS;

	for (int again = 0;; again++) {
		enum cause cause =
			t->exchange(t->context, sent, tpm->answer, &tpm->answer_len, patience_ms, err);

		if (cause) {
			error_prefix(err, "%s", command->name);
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

enum cause tpm_bad_answer(const struct tpm *tpm, struct error *err)
{
	return error_set(err, CAUSE_DEVICE, "%s: invalid response from the TPM", tpm->command->name);
}

static enum cause take_reply(const struct tpm *tpm, struct tpm_reply *reply, struct error *err)
{
	struct wire_in in = {tpm->answer, tpm->answer_len, false};
	uint16_t tag = wire_u16(&in), want = tpm->command->auth ? TAG_SESSIONS : TAG_NO_SESSIONS;

	(void)wire_get(&in, TPM_HEADER_BYTES - 2);
	if (tpm->command->answers_handle)
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
	return tag == want && wire_is_whole(&in) ? CAUSE_OK : tpm_bad_answer(tpm, err);
}

enum cause tpm_call(struct tpm *tpm, struct tpm_reply *reply, struct error *err)
{
	const struct tpm_command *command = tpm->command;
	enum cause cause;

	tpm->rc = 0;
	*reply = (struct tpm_reply){0};
	if (contract_is_ended() && command->code != TPM_CC_FLUSH_CONTEXT)
		return error_set(err, CAUSE_DEVICE, "cancelled");
	if (tpm->out.full)
		return error_set(err, CAUSE_DAMAGED, "%s: more than %u bytes", command->name, TPM_BYTES_MAX);
	bytes_put_be32(tpm->sent + SIZE_AT, (uint32_t)tpm->out.len);
	cause = exchange(tpm, err);
	if (cause)
		return cause;
	if (tpm->rc)
		return refusal_set(command->name, tpm->rc, err);
	return take_reply(tpm, reply, err);
}

void tpm_flush(struct tpm *tpm, uint32_t *handle)
{
	static const struct tpm_command command = {"TPM2_FlushContext", .code = TPM_CC_FLUSH_CONTEXT};
	uint32_t rc = tpm->rc;
	struct tpm_reply reply;
	struct error ignored;

	if (*handle) {
		(void)tpm_begin(tpm, &command, *handle);
		(void)!tpm_call(tpm, &reply, &ignored);
	}
	*handle = 0;
	tpm->rc = rc;
}
