/* SPDX-License-Identifier: MIT */
/* tokens - see tokens.h. */
#include "preflight/tokens.h"
#include "base/text.h"
#include "format/header.h"
#include "format/json.h"
#include "preflight/clevis.h"
#include "preflight/pcrs.h"
#include "unlock/token_device.h"
#include "unlock/token_program.h"
#include <string.h>

/* One token while it is examined. */
struct token_check {
	const struct luks_token *token;
	const struct reader *header;
	const struct machine *m;
	struct findings *f;
	const char *where;
	char what[LUKS_TOKEN_TYPE_CHARS * 4 + 32]; /* "token 1 (systemd-tpm2)" */
};

static bool is_there(const char *need)
{
	char path[TOKEN_DEVICE_BYTES];
	unsigned n = 0;

	while (n < TOKEN_DEVICES_MAX && !token_device(need, n, path))
		n++;
	return n < TOKEN_DEVICES_MAX;
}

/* The token's number is in bytes. */
static void judge_pin_memory(const struct token_check *l, const struct json *token)
{
	uint64_t free_kib = machine_free_at_boot_kib(l->m);
	uint32_t bytes;

	if (!json_u32(json_member(token, "tpm2_argon2id_memcost"), &bytes) ||
		l->m->memory_kib == UINT64_MAX || bytes >> 10 <= free_kib)
		return;
	findings_add(l->f, WEIGHT_WARNING, CAUSE_RESOURCE, l->where,
		"%s needs %u MiB of memory for its PIN, and about %llu MiB will be free at boot", l->what,
		bytes >> 20, (unsigned long long)free_kib >> 10);
}

static void judge_tpm2(const struct token_check *l, const char *text, size_t len)
{
	const struct json *token;
	struct error err;

	if (!json_open(text, len, &token, &err)) {
		pcrs_judge(token, l->where, l->what, l->f);
		judge_pin_memory(l, token);
	}
	json_close();
}

static void judge_text(const struct token_check *l)
{
	static char text[TOKEN_TEXT_MAX_BYTES];
	struct header_token want = {l->token->id, text, sizeof(text), 0};
	struct header_report report;
	static struct luks luks;
	struct error err;

	if (header_load_token(l->header, &luks, &report, &want, &err))
		return;
	if (!strcmp(l->token->type, "systemd-tpm2"))
		judge_tpm2(l, text, want.len);
	if (!strcmp(l->token->type, "clevis"))
		clevis_judge(text, want.len, l->m, l->where, l->what, l->f);
}

static void judge_device(const struct token_check *l)
{
	const char *type = l->token->type;
	char module[64];

	if (!strcmp(type, "systemd-fido2") && !is_there("hidraw f1d0"))
		findings_add(l->f, WEIGHT_NOTE, CAUSE_OK, l->where, "%s: no security key is plugged in now",
			l->what);
	if (!strcmp(type, "systemd-tpm2") && !is_there("node tpmrm0"))
		findings_add(l->f, WEIGHT_WARNING, CAUSE_DEVICE, l->where, "%s: there is no /dev/tpmrm0",
			l->what);
	/* needs.c judges the usual two. */
	if (!strcmp(type, "systemd-tpm2") && l->m->image->given &&
		!image_has_driver(l->m->image, "/sys/class/tpm/tpm0", module, sizeof(module)) &&
		strcmp(module, "tpm_tis") && strcmp(module, "tpm_crb"))
		findings_add(l->f, WEIGHT_WARNING, CAUSE_KERNEL, l->where,
			"%s needs the driver of this machine's TPM, and %s is missing from the image",
			l->what, module);
}

static void judge(const struct token_check *l, const char *without)
{
	static const char folder[] = "/lib/latchkey/token/";
	char program[TOKEN_PROGRAM_BYTES];
	const struct image *image = l->m->image;

	if (!token_program_path(l->token, program)) {
		findings_add(l->f, WEIGHT_NOTE, CAUSE_OK, l->where, "%s: its type is not supported", l->what);
		return;
	}
	if (image->given && !image->has_files)
		return;
	if (!machine_has_file(l->m, program))
		findings_add(l->f, WEIGHT_WARNING, CAUSE_DEVICE, l->where,
			"%s: there is no program for it %s (%s): %s", l->what,
			image->given ? "in the image" : "here", folder, without);
	else
		findings_add(l->f, WEIGHT_OK, CAUSE_OK, l->where, "%s: its program is there", l->what);
}

void tokens_judge(const struct unlock_request *r, const struct luks *luks, const struct reader *header,
	const struct machine *m, struct needs *needs, struct findings *f)
{
	const char *where = r->name;

	for (unsigned i = 0; i < luks->token_count; i++) {
		const struct luks_token *t = &luks->tokens[i];
		struct token_check l = {.token = t, .header = header, .m = m, .f = f, .where = where};
		char type[LUKS_TOKEN_TYPE_CHARS * 4 + 1];

		if (!strcmp(t->type, "luks2-keyring") || !strcmp(t->type, "systemd-recovery"))
			continue;
		text_escape(type, sizeof(type), t->type);
		text_format(l.what, sizeof(l.what), "token %u (%s)", t->id, type);
		if (!strcmp(t->type, "systemd-pkcs11")) {
			findings_add(f, WEIGHT_NOTE, CAUSE_OK, where,
				"%s: PKCS #11 is not supported: the passphrase is needed", l.what);
			continue;
		}
		if (!request_has_token(r, t)) {
			findings_add(f, WEIGHT_NOTE, CAUSE_OK, where,
				"%s is not used: it has no keyslot that is tried", l.what);
			continue;
		}
		judge(&l, "the passphrase is needed");
		judge_device(&l);
		judge_text(&l);
		needs_token(needs, t->type, where);
	}
}

void tokens_judge_measuring(const char *where, const struct machine *m, struct needs *needs,
	struct findings *f)
{
	static const struct luks_token tpm2 = {.type = "systemd-tpm2"};
	struct token_check l = {.token = &tpm2, .m = m, .f = f, .where = where, .what = "tpm2-measure-pcr"};

	judge(&l, "no PCR will be extended");
	judge_device(&l);
	needs_token(needs, tpm2.type, where);
}
