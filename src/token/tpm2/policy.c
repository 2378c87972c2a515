/* SPDX-License-Identifier: MIT */
/* policy - see policy.h. */
#include "token/tpm2/policy.h"
#include "base/text.h"
#include "format/pcr.h"
#include "token/contract.h"
#include <string.h>

enum {
	BITMAP_BYTES = PCR_COUNT / 8,
	SHOWN_BYTES = 8, /* of each value: enough to tell two apart */
	SHOWN_IN_A_LINE = 6,
};

/* One selection of one bank. */
static void put_selection(struct wire_out *out, uint16_t bank, uint32_t pcrs)
{
	wire_put_u32(out, 1);
	wire_put_u16(out, bank);
	wire_put_u8(out, BITMAP_BYTES);
	for (int i = 0; i < BITMAP_BYTES; i++)
		wire_put_u8(out, (uint8_t)(pcrs >> (8 * i)));
}

enum cause policy_pcr(struct tpm *tpm, uint32_t session, uint16_t bank, uint32_t pcrs, struct error *err)
{
	static const struct tpm_command command = {"TPM2_PolicyPCR", .code = TPM_CC_POLICY_PCR};
	struct wire_out *out = tpm_begin(tpm, &command, session);
	struct tpm_reply reply;

	wire_put_sized(out, NULL, 0);
	put_selection(out, bank, pcrs);
	return tpm_call(tpm, &reply, err);
}

enum cause policy_auth_value(struct tpm *tpm, uint32_t session, struct error *err)
{
	static const struct tpm_command command = {"TPM2_PolicyAuthValue", .code = TPM_CC_POLICY_AUTH_VALUE};
	struct tpm_reply reply;

	(void)tpm_begin(tpm, &command, session);
	return tpm_call(tpm, &reply, err);
}

enum cause policy_digest(struct tpm *tpm, uint32_t session, uint8_t digest[static TPM_DIGEST_BYTES],
	struct error *err)
{
	static const struct tpm_command command = {"TPM2_PolicyGetDigest", .code = TPM_CC_POLICY_GET_DIGEST};
	struct tpm_reply reply;
	enum cause cause;
	struct bytes got;

	(void)tpm_begin(tpm, &command, session);
	cause = tpm_call(tpm, &reply, err);
	if (cause)
		return cause;
	got = wire_sized(&reply.parameters, TPM_DIGEST_BYTES);
	if (!wire_is_whole(&reply.parameters) || got.len != TPM_DIGEST_BYTES)
		return tpm_bad_answer(tpm, err);
	memcpy(digest, got.data, got.len);
	return CAUSE_OK;
}

/* --- for people -------------------------------------------------------------------------- */

/* The registers that an answer is about; those of its one bank. */
static uint32_t take_selection(struct wire_in *in)
{
	uint32_t pcrs = 0, count = wire_u32(in);
	struct bytes bitmap = {0};

	if (count == 1) {
		(void)wire_u16(in);
		bitmap = wire_get(in, wire_u8(in));
	}
	for (size_t i = 0; i < bitmap.len && i < BITMAP_BYTES; i++)
		pcrs |= (uint32_t)((const uint8_t *)bitmap.data)[i] << (8 * i);
	return pcrs;
}

static bool is_all(struct bytes value, uint8_t byte)
{
	for (size_t i = 0; i < value.len; i++)
		if (((const uint8_t *)value.data)[i] != byte)
			return false;
	return true;
}

/* " 7=0123456789abcdef" behind @line. */
static size_t put_value(char *line, size_t used, size_t size, unsigned pcr, struct bytes value)
{
	used += text_format(line + used, size - used, " %u=", pcr);
	if (is_all(value, 0))
		return used + text_format(line + used, size - used, "zero");
	for (size_t i = 0; i < SHOWN_BYTES && i < value.len; i++)
		used += text_format(line + used, size - used, "%02x", ((const uint8_t *)value.data)[i]);
	return used;
}

/* Ask for the values of @pcrs, show those that came, and return which ones; 0 when nothing did. */
static uint32_t show_some(struct tpm *tpm, uint16_t bank, uint32_t pcrs)
{
	static const struct tpm_command command = {"TPM2_PCR_Read", .code = TPM_CC_PCR_READ};
	char line[CONTRACT_LINE_MAX_BYTES];
	struct tpm_reply reply;
	struct error ignored;
	uint32_t got, shown = 0;
	size_t used = 0, count = 0;

	put_selection(tpm_begin(tpm, &command, 0), bank, pcrs);
	if (tpm_call(tpm, &reply, &ignored))
		return 0;
	(void)wire_u32(&reply.parameters);
	got = take_selection(&reply.parameters) & pcrs;
	(void)wire_u32(&reply.parameters);
	for (unsigned i = 0; i < PCR_COUNT && count < SHOWN_IN_A_LINE; i++) {
		struct bytes value =
			got & 1u << i ? wire_sized(&reply.parameters, PCR_MAX_BYTES) : (struct bytes){0};

		if (!value.len)
			continue;
		used = put_value(line, used, sizeof(line), i, value);
		shown |= 1u << i;
		count++;
	}
	if (shown)
		contract_say("PCRs (%s) are now:%s", pcr_bank_name(bank), line);
	return shown;
}

void policy_show_pcrs(struct tpm *tpm, uint16_t bank, uint32_t pcrs)
{
	uint32_t all = pcrs;

	while (pcrs) {
		uint32_t shown = show_some(tpm, bank, pcrs);

		if (!shown) {
			if (pcrs == all)
				contract_say("the TPM has no values in its bank %s", pcr_bank_name(bank));
			return;
		}
		pcrs &= ~shown;
	}
}
