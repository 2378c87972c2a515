/* SPDX-License-Identifier: MIT */
/* field - see field.h. */
#include "token/tpm2/field.h"
#include "base/text.h"

bool field_digest(const struct json *v, uint8_t digest[static TPM_DIGEST_BYTES])
{
	const char *hex = json_string(v), *end = hex ? text_hex(hex, digest, TPM_DIGEST_BYTES) : NULL;

	return end && !*end;
}
