/* SPDX-License-Identifier: MIT */
/* field - see field.h. */
#include "token/tpm2/field.h"
#include "base/text.h"
#include "token/tpm2/policy.h"

bool field_pcrs(const struct json *v, uint32_t *pcrs)
{
	uint32_t pcr;

	*pcrs = 0;
	if (!json_is_array(v))
		return false;
	for (v = json_first(v); v; v = json_next(v)) {
		if (!json_u32(v, &pcr) || pcr >= POLICY_PCRS)
			return false;
		*pcrs |= 1u << pcr;
	}
	return true;
}

bool field_digest(const struct json *v, uint8_t digest[static TPM_DIGEST_BYTES])
{
	const char *hex = json_string(v), *end = hex ? text_hex(hex, digest, TPM_DIGEST_BYTES) : NULL;

	return end && !*end;
}
