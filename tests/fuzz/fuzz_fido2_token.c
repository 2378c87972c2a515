/* SPDX-License-Identifier: MIT */
/* A systemd-fido2 token: what is taken keeps the bounds of token/fido2/fido2_token.h. */
#include "fuzz.h"
#include "token/fido2/fido2_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fido2_token t;
	struct error err = {.text = ""};
	enum cause cause;

	memset(&t, 0xee, sizeof(t));
	cause = fido2_token_read((const char *)data, size, &t, &err);
	if (cause) {
		fuzz_check(cause == CAUSE_DAMAGED || cause == CAUSE_UNSUPPORTED,
			"another cause than the token's fault");
		fuzz_check(err.cause == cause && err.text[0], "a cause without a sentence");
		fuzz_check_printable(err.text);
		return 0;
	}
	fuzz_check(t.credential_len && t.credential_len <= sizeof(t.credential),
		"a credential of a wrong length");
	fuzz_check(memchr(t.rp, 0, sizeof(t.rp)) && *t.rp, "a relying party without end, or none");
	fuzz_check(t.pin <= TOKEN_NOT_SAID && t.touch <= TOKEN_NOT_SAID && t.verification <= TOKEN_NOT_SAID,
		"a choice that is none");
	return 0;
}
