/* SPDX-License-Identifier: MIT */
/* pcrs - see pcrs.h. */
#include "preflight/pcrs.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "format/pcr.h"
#include <string.h>

enum { DIGEST_BYTES = 32, BITMAP_BYTES = PCR_COUNT / 8 };

/* The PCRs that the system itself extends after the initramfs: IMA, systemd's phases and volume keys. */
enum { MOVING = 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 15 };

struct selection {
	const struct pcr_bank *bank;
	uint32_t pcrs;
	char list[PCR_LIST_BYTES];
	uint8_t values[PCR_COUNT * PCR_MAX_BYTES];
	size_t len; /* of the values; 0: they cannot be read */
};

/* @bytes bytes from hexadecimal text, up to a newline or its end. */
static bool from_hex(const char *text, uint8_t *out, size_t bytes)
{
	const char *end = text_hex(text, out, bytes);

	return end && (!*end || *end == '\n');
}

static bool read_value(const struct pcr_bank *bank, unsigned pcr, uint8_t *out)
{
	char path[64], text[2 * PCR_MAX_BYTES + 2];

	text_format(path, sizeof(path), "/sys/class/tpm/tpm0/pcr-%s/%u", bank->name, pcr);
	return file_read(path, text, sizeof(text)) > 0 && from_hex(text, out, bank->bytes);
}

/* False: one that this program does not know, or none. */
static bool select_pcrs(const struct json *token, struct selection *s)
{
	const char *bank = json_string(json_member(token, "tpm2-pcr-bank"));

	*s = (struct selection){.bank = bank ? pcr_find_bank(bank) : NULL};
	if (!pcr_read(json_member(token, "tpm2-pcrs"), &s->pcrs))
		s->bank = NULL;
	pcr_list(s->pcrs, s->list, sizeof(s->list));
	return s->bank && s->pcrs;
}

static void read_values(struct selection *s, const char *where, const char *what, struct findings *f)
{
	bool all = true;

	for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++) {
		uint8_t *value = s->values + s->len;
		char text[2 * PCR_MAX_BYTES + 1] = "unknown";

		if (!(s->pcrs & 1u << pcr))
			continue;
		if (read_value(s->bank, pcr, value)) {
			for (unsigned i = 0; i < s->bank->bytes; i++)
				text_format(text + 2 * i, 3, "%02x", value[i]);
			s->len += s->bank->bytes;
		} else {
			all = false;
		}
		findings_add(f, WEIGHT_NOTE, CAUSE_OK, where, "%s is bound to PCR %u (%s), which is now %s",
			what, pcr, s->bank->name, text);
	}
	if (!all)
		s->len = 0;
}

/* TPM 2.0 part 3, TPM2_PolicyPCR and TPM2_PolicyAuthValue, in a session with SHA-256. */
static void policy_digest(const struct selection *s, bool pin, uint8_t digest[static DIGEST_BYTES])
{
	static const uint8_t start[DIGEST_BYTES], auth_value[] = {0, 0, 1, 0x6b};
	const uint8_t policy_pcr[] = {0, 0, 1, 0x7f, 0, 0, 0, 1, 0, s->bank->number, BITMAP_BYTES,
		(uint8_t)s->pcrs, (uint8_t)(s->pcrs >> 8), (uint8_t)(s->pcrs >> 16)};
	uint8_t values[DIGEST_BYTES];
	const struct bytes parts[] = {{start, sizeof(start)}, {policy_pcr, sizeof(policy_pcr)},
		{values, sizeof(values)}};
	const struct bytes more[] = {{digest, DIGEST_BYTES}, {auth_value, sizeof(auth_value)}};

	hash_run(HASH_SHA256, &(struct bytes){s->values, s->len}, 1, values);
	hash_run(HASH_SHA256, parts, 3, digest);
	if (pin)
		hash_run(HASH_SHA256, more, 2, digest);
}

static void compare(const struct json *token, const struct selection *s, const char *where, const char *what,
	struct findings *f)
{
	const char *sealed = json_string(json_member(token, "tpm2-policy-hash"));
	uint8_t want[DIGEST_BYTES], now[DIGEST_BYTES];
	bool pin = false, one = !(s->pcrs & (s->pcrs - 1));

	(void)json_bool(json_member(token, "tpm2-pin"), &pin);
	if (!s->len || !sealed || !from_hex(sealed, want, sizeof(want)) ||
		json_member(token, "tpm2_pubkey") || json_member(token, "tpm2_pcrlock")) {
		findings_add(f, WEIGHT_NOTE, CAUSE_OK, where,
			"%s: cannot check here whether its PCRs have the required values", what);
		return;
	}
	policy_digest(s, pin, now);
	if (!memcmp(now, want, sizeof(now)))
		findings_add(f, WEIGHT_OK, CAUSE_OK, where,
			"%s: its PCRs have the values that it was sealed to: it would open now%s", what,
			pin ? " with its PIN" : "");
	else if (s->pcrs & MOVING)
		findings_add(f, WEIGHT_NOTE, CAUSE_OK, where,
			"%s: its PCRs differ from those that it was sealed to: some of %s (%s) change after "
			"the initramfs, so this may not be a fault",
			what, s->list, s->bank->name);
	else
		findings_add(f, WEIGHT_WARNING, CAUSE_PASSPHRASE, where,
			"%s: %s %s (%s) %s from what it was sealed to: the passphrase is needed until it is "
			"enrolled again",
			what, one ? "PCR" : "one or more of the PCRs", s->list, s->bank->name,
			one ? "differs" : "differ");
}

void pcrs_judge(const struct json *token, const char *where, const char *what, struct findings *f)
{
	struct selection s;
	bool literal = json_first(json_member(token, "tpm2-pcrs")) != NULL;

	if (!literal && !json_member(token, "tpm2_pubkey_pcrs"))
		findings_add(f, WEIGHT_WARNING, CAUSE_USAGE, where,
			"%s is bound to no PCR: any system started on this machine can get its secret", what);
	if (!literal)
		return;
	if (select_pcrs(token, &s))
		read_values(&s, where, what, f);
	compare(token, &s, where, what, f);
}
