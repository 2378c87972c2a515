/* SPDX-License-Identifier: MIT */
/*
 * A TPM that lies: whatever it answers, it gets no passphrase out of the program, no end without a
 * sentence, and no run without an end. latchkey's side of the contract is here, too.
 */
#include "fuzz.h"
#include "token/tpm2/unseal.h"
#include <stdarg.h>

enum { ANSWERS_MAX = 400, PINS_MAX = 3 };

static struct fuzz_input input;
static unsigned answers, pins;

bool contract_is_ended(void)
{
	return false;
}

void contract_say(const char *fmt, ...)
{
	fuzz_check(fmt[0], "an empty line");
}

void contract_wait(const char *what)
{
	fuzz_check_printable(what);
}

enum cause contract_ask_pin(unsigned left, uint8_t *pin, size_t *len, struct error *err)
{
	if (!left || pins++ == PINS_MAX)
		return error_set(err, CAUSE_PASSPHRASE, "no PIN was given");
	memcpy(pin, "1234", 4);
	*len = 4;
	return CAUSE_OK;
}

enum cause contract_give(struct bytes passphrase, struct error *err)
{
	(void)passphrase, (void)err;
	fuzz_check(false, "a passphrase from a TPM that lies");
	return CAUSE_OK;
}

static void pause_not(void *context, unsigned ms)
{
	(void)context;
	fuzz_check(ms && ms < 1000, "a pause of another length");
}

/* The policy's digest of the token, so that some inputs come behind the comparison. */
static const struct token *asked;

/*
 * A byte says how: 0 to 63 the rest as it stands; up to 127 a refusal; else as the format wants it, with
 * or without a session, and so many bytes of the input. Behind that everything ends.
 */
static size_t make_answer(uint8_t *answer)
{
	uint8_t how = fuzz_byte(&input);
	size_t len = fuzz_byte(&input) % 160, body = 10;

	memset(answer, 0, TPM_BYTES_MAX);
	answer[0] = 0x80;
	answer[1] = 1 + (how & 1);
	if (how & 0x40 && !(how & 0x80)) {
		answer[8] = fuzz_byte(&input);
		answer[9] = fuzz_byte(&input);
		len = 0;
	}
	for (size_t i = 0; i < len; i++)
		answer[body + i] = fuzz_byte(&input);
	if (how >= 0xf0) { /* PolicyGetDigest, as it should be */
		answer[1] = 1;
		answer[11] = TPM_DIGEST_BYTES;
		memcpy(answer + 12, asked->blobs[0].policy, TPM_DIGEST_BYTES);
		len = 2 + TPM_DIGEST_BYTES;
	}
	bytes_put_be32(answer + 2, (uint32_t)(body + len));
	return body + len;
}

static enum cause exchange(void *context, struct bytes command, uint8_t *answer, size_t *len,
	unsigned patience_ms, struct error *err)
{
	(void)context;
	fuzz_check(patience_ms >= 1000, "no patience");
	fuzz_check(command.len >= TPM_HEADER_BYTES &&
			   bytes_be32((const uint8_t *)command.data + 2) == command.len,
		"a command of another size");
	fuzz_check(++answers < ANSWERS_MAX, "no end");
	if (!input.size)
		return error_set(err, CAUSE_DEVICE, "the device fails");
	*len = make_answer(answer);
	return CAUSE_OK;
}

/* A blob that no TPM is asked to understand, with the policy that a session without PCRs has. */
static void make_token(struct token *t, uint8_t kind)
{
	static const uint8_t public[] = {0, 8, 0, 11, 0, 0, 0, 0x12};
	struct token_blob *b = &t->blobs[0];

	memset(t, 0, sizeof(*t));
	memcpy(b->data, public, sizeof(public));
	b->public = b->private = (struct bytes){b->data, sizeof(public)};
	if (kind & 1)
		b->seed = b->private;
	t->blobs[1] = *b;
	t->blob_count = 1 + (kind >> 1 & 1);
	t->pin = kind & 4 ? TOKEN_PIN_DIRECT : TOKEN_PIN_NONE;
	t->pcrs = kind & 8 ? 0x800080 : 0;
	t->bank = kind & 16 ? TPM_ALG_SHA1 : 0;
	t->primary = kind & 32 ? TPM_ALG_RSA : TPM_ALG_ECC;
	if (kind & 128) {
		t->signer.pcrs = 0x800;
		t->signer.area_len = 300;
	}
	if (!(kind & 64))
		return;
	/* A modulus costs less than a point of a curve. */
	t->srk_handle = 0x81000001;
	memset(t->srk_data, 0xc5, 128);
	t->srk = (struct key){.kind = TPM_ALG_RSA, .modulus = {t->srk_data, 128}, .exponent = 65537};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct token token;
	static struct tpm tpm;
	static struct unseal_secrets secrets;
	static struct signatures signatures;
	struct error err = {.text = ""};
	enum cause cause;

	input = (struct fuzz_input){data, size};
	answers = pins = 0;
	make_token(&token, fuzz_byte(&input));
	asked = &token;
	tpm = (struct tpm){.transport = {exchange, pause_not, NULL}};
	memset(&secrets, 0, sizeof(secrets));
	signatures.count = 1; /* of what the policy's digest is in the token, so that it is found */
	signatures.list[0].len = 256;
	cause = unseal_run(&tpm, &token, &secrets, UINT64_MAX, &signatures, &err);
	fuzz_check(cause != CAUSE_OK, "a success");
	fuzz_check(err.cause == cause && err.text[0], "a cause without a sentence");
	fuzz_check_printable(err.text);
	return 0;
}
