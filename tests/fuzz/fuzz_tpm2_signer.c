/* SPDX-License-Identifier: MIT */
/* The key of a signed policy, and the file of its signatures: whatever is accepted fits where it is kept. */
#include "fuzz.h"
#include "token/tpm2/signer.h"

static void check_key(const struct signer *s)
{
	fuzz_check(s->area_len > 128 && s->area_len <= sizeof(s->area), "a key of another size");
	fuzz_check(!s->area[0] && s->area[1] == TPM_ALG_RSA, "another kind of key");
}

static void check_signatures(const struct signatures *s)
{
	fuzz_check(s->count <= SIGNATURES_MAX, "too many signatures");
	for (unsigned i = 0; i < s->count; i++)
		fuzz_check(s->list[i].len <= sizeof(s->list[i].data), "a signature that is too long");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	bool key = !(fuzz_byte(&in) & 1);
	struct signer signer = {.pcrs = 0x800};
	static struct signatures signatures;
	char *exact = malloc(in.size ? in.size : 1);
	struct error err = {.text = ""};
	enum cause cause;

	if (!exact)
		return 0;
	memcpy(exact, in.data, in.size);
	cause = key ? signer_read((struct bytes){exact, in.size}, &signer, &err)
	            : signer_find((struct bytes){exact, in.size}, &signer, "sha256", &signatures, &err);
	free(exact);
	if (cause)
		fuzz_check(err.cause == cause && err.text[0], "a cause without a sentence");
	else if (key)
		check_key(&signer);
	else
		check_signatures(&signatures);
	fuzz_check_printable(err.text);
	return 0;
}
