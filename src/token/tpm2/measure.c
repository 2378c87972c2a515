/* SPDX-License-Identifier: MIT */
/* measure - see measure.h. */
#include "token/tpm2/measure.h"
#include "base/text.h"
#include "format/pcr.h"

bool measure_is_record(const struct json *root)
{
	return !json_member(root, "type") && json_member(root, "digests");
}

/* One TPMT_HA. */
static bool put_digest(struct wire_out *out, const struct json *v)
{
	const char *name = json_string(json_member(v, "hashAlg")),
		   *hex = json_string(json_member(v, "digest"));
	const struct pcr_bank *bank = name ? pcr_find_bank(name) : NULL;
	uint8_t digest[PCR_MAX_BYTES];
	const char *end = bank && hex ? text_hex(hex, digest, bank->bytes) : NULL;

	if (!end || *end)
		return false;
	wire_put_u16(out, bank->number);
	wire_put(out, digest, bank->bytes);
	return !out->full;
}

enum cause measure_read(const struct json *root, struct measurement *m, struct error *err)
{
	struct wire_out out = {.data = m->digests, .room = sizeof(m->digests)};
	uint32_t count = 0;
	bool good = json_u32(json_member(root, "pcr"), &m->pcr) && m->pcr < PCR_COUNT;

	wire_put_u32(&out, 0);
	for (const struct json *v = json_first(json_member(root, "digests")); v && good;
		v = json_next(v), count++)
		good = put_digest(&out, v);
	bytes_put_be32(m->digests, count);
	m->len = out.len;
	return good && count ? CAUSE_OK
	                     : error_set(err, CAUSE_DAMAGED, "the measurement contradicts the format");
}

enum cause measure_run(struct tpm *tpm, const struct measurement *m, struct error *err)
{
	static const struct tpm_command command = {"TPM2_PCR_Extend", TPM_CC_PCR_EXTEND,
		.auth = TPM_AUTH_PASSWORD};
	struct tpm_reply reply;

	wire_put(tpm_begin(tpm, &command, m->pcr), m->digests, m->len);
	return tpm_call(tpm, &reply, err);
}
