/* SPDX-License-Identifier: MIT */
/* A token of systemd-tpm2: whatever is accepted keeps the promises of token/tpm2/token.h. */
#include "fuzz.h"
#include "token/tpm2/policy.h"
#include "token/tpm2/token.h"

static void check_inside(struct bytes view, const void *whole, size_t size, const char *what)
{
	const uint8_t *low = whole, *at = view.data;

	fuzz_check(!view.len || (at >= low && at + view.len <= low + size), what);
}

static void check_token(const struct token *t)
{
	fuzz_check(t->blob_count >= 1 && t->blob_count <= TOKEN_BLOBS_MAX, "no blob, or too many");
	for (unsigned i = 0; i < t->blob_count; i++) {
		const struct token_blob *b = &t->blobs[i];

		check_inside(b->private, b->data, sizeof(b->data), "a private part outside");
		check_inside(b->public, b->data, sizeof(b->data), "a public part outside");
		check_inside(b->seed, b->data, sizeof(b->data), "a seed outside");
		fuzz_check(b->private.len && b->public.len >= 4, "an empty part");
	}
	fuzz_check(!(t->pcrs >> PCR_COUNT), "a PCR that there is not");
	fuzz_check(t->salt_bytes <= sizeof(t->salt), "a salt that is too long");
	fuzz_check(t->pin != TOKEN_PIN_ARGON2ID || (t->argon2id.lanes && t->argon2id.iterations &&
							   t->argon2id.memory_kib / 8 >= t->argon2id.lanes),
		"an Argon2id that cannot be");
	fuzz_check(t->primary == TPM_ALG_ECC || t->primary == TPM_ALG_RSA, "another kind of key");
	if (!t->srk_handle)
		return;
	check_inside(t->srk.x, t->srk_data, sizeof(t->srk_data), "x outside");
	check_inside(t->srk.y, t->srk_data, sizeof(t->srk_data), "y outside");
	check_inside(t->srk.modulus, t->srk_data, sizeof(t->srk_data), "a modulus outside");
	fuzz_check(t->srk.x.len <= 32 && t->srk.y.len <= 32 && t->srk.modulus.len <= 512,
		"a key that is too long");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct token token;
	static struct measurement measured;
	size_t prefix = strlen(TOKEN_PREFIX), suffix = strlen(TOKEN_SUFFIX), len = prefix + size + suffix;
	char *text = malloc(len);
	struct error err = {.text = ""};
	enum cause cause;

	if (!text)
		return 0;
	memcpy(text, TOKEN_PREFIX, prefix);
	memcpy(text + prefix, data, size);
	memcpy(text + prefix + size, TOKEN_SUFFIX, suffix);
	cause = token_read(text, len, &token, &measured, &err);
	free(text);
	if (!cause && measured.pcr != PCR_COUNT)
		fuzz_check(measured.pcr < PCR_COUNT && measured.len <= sizeof(measured.digests),
			"a measurement that is too long");
	else if (!cause)
		check_token(&token);
	else
		fuzz_check(err.cause == cause && err.text[0] &&
				   (cause == CAUSE_DAMAGED || cause == CAUSE_UNSUPPORTED),
			"another cause than damage, or no sentence");
	fuzz_check_printable(err.text);
	return 0;
}
