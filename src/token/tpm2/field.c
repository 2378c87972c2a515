/* SPDX-License-Identifier: MIT */
/* field - see field.h. */
#include "token/tpm2/field.h"
#include "token/tpm2/policy.h"
#include <string.h>

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

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool field_digest(const struct json *v, uint8_t digest[static TPM_DIGEST_BYTES])
{
	const char *hex = json_string(v);

	if (!hex || strlen(hex) != 2 * TPM_DIGEST_BYTES)
		return false;
	for (int i = 0; i < TPM_DIGEST_BYTES; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		digest[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
