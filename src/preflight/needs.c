/* SPDX-License-Identifier: MIT */
/* needs - see needs.h. */
#include "preflight/needs.h"
#include "base/text.h"
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

/* The rows before the ciphers are modules, which the functions name; ciphers are found by their word. */
enum { DM, DM_CRYPT, DM_INTEGRITY, USBHID, HID, TPM_TIS, TPM_CRB, CIPHERS };

/* What it means that a kernel does not have it, or the image not its module. */
enum presence {
	REQUIRED,
	WHERE_IT_IS, /* requested of those kernels that have it: only an image without it is a fault */
	USEFUL,      /* not by all drivers and kernels: an image without it deserves a warning */
};

static const struct {
	const char *word;   /* of a cipher's name; in the rows above those the module */
	const char *option; /* of the kernel's configuration, behind CONFIG_ */
	const char *with;   /* another word that it requests when it is used */
	enum presence presence;
} table[] = {
	[DM] = {"dm-mod", .option = "BLK_DEV_DM"},
	[DM_CRYPT] = {"dm-crypt", .option = "DM_CRYPT"},
	[DM_INTEGRITY] = {"dm-integrity", .option = "DM_INTEGRITY"},
	/* Without a token's driver the passphrase still opens the volume. */
	[USBHID] = {"usbhid", .option = "USB_HID", .presence = USEFUL},
	[HID] = {"hid-generic", .option = "HID_GENERIC", .presence = USEFUL},
	[TPM_TIS] = {"tpm_tis", .option = "TCG_TIS", .presence = USEFUL},
	[TPM_CRB] = {"tpm_crb", .option = "TCG_CRB", .presence = USEFUL},
	[CIPHERS] = {"aes", .option = "CRYPTO_AES"},
	{"xts", .option = "CRYPTO_XTS", .with = "ecb"},
	{"cbc", .option = "CRYPTO_CBC"},
	{"essiv", .option = "CRYPTO_ESSIV"},
	{"sha256", .option = "CRYPTO_SHA256"},
	{"sha512", .option = "CRYPTO_SHA512"},
	{"authenc", .option = "CRYPTO_AUTHENC"},
	{"hmac", .option = "CRYPTO_HMAC"},
	{"gcm", .option = "CRYPTO_GCM", .with = "ctr"},
	{"rfc7539", .option = "CRYPTO_CHACHA20POLY1305"},
	{"chacha20", .option = "CRYPTO_CHACHA20"},
	{"aegis128", .option = "CRYPTO_AEGIS128"},
	{"serpent", .option = "CRYPTO_SERPENT"},
	{"twofish", .option = "CRYPTO_TWOFISH"},
	{"camellia", .option = "CRYPTO_CAMELLIA"},
	{"adiantum", .option = "CRYPTO_ADIANTUM", .with = "nhpoly1305"},
	{"xchacha12", .option = "CRYPTO_CHACHA20"},
	{"xchacha20", .option = "CRYPTO_CHACHA20"},
	/* Of rfc7539; kernels from Linux 6.16 on do not have it. */
	{"poly1305", .option = "CRYPTO_POLY1305", .presence = WHERE_IT_IS},
	{"ecb", .option = "CRYPTO_ECB", .presence = USEFUL},
	{"nhpoly1305", .option = "CRYPTO_NHPOLY1305", .presence = USEFUL},
	{"ctr", .option = "CRYPTO_CTR", .presence = USEFUL},
};

enum { ROWS = sizeof(table) / sizeof(*table) };
_Static_assert(sizeof(table) / sizeof(*table) <= NEEDS_MAX, "struct needs has no room for the table");

/* --- what is needed ------------------------------------------------------------------------- */

static void need_word(struct needs *n, struct span word, const char *whose)
{
	for (int i = CIPHERS; i < ROWS; i++) {
		const char *with = table[i].with;

		if (!span_is(word, table[i].word))
			continue;
		n->whose[i] = n->whose[i] ? n->whose[i] : whose;
		if (with)
			need_word(n, (struct span){with, strlen(with)}, whose);
	}
}

void needs_mapping(struct needs *n, bool integrity, const char *whose)
{
	for (int i = DM; i <= (integrity ? DM_INTEGRITY : DM_CRYPT); i++)
		n->whose[i] = n->whose[i] ? n->whose[i] : whose;
}

void needs_token(struct needs *n, const char *type, const char *whose)
{
	bool fido2 = !strcmp(type, "systemd-fido2");

	if (!fido2 && strcmp(type, "systemd-tpm2"))
		return;
	for (int i = fido2 ? USBHID : TPM_TIS; i <= (fido2 ? HID : TPM_CRB); i++)
		n->whose[i] = n->whose[i] ? n->whose[i] : whose;
}

/*
 * "aes-cbc-essiv:sha256", "capi:gcm(aes)-random": words that are not in the table (plain64) are parts of
 * dm-crypt itself.
 */
void needs_cipher(struct needs *n, enum cipher cipher, const char *whose)
{
	for (const char *p = cipher_in_table(cipher); *p;) {
		struct span word = {p, strcspn(p, "-:,()")};

		need_word(n, word, whose);
		p += word.len + (p[word.len] != 0);
	}
}

/* --- what a kernel has ------------------------------------------------------------------------ */

void needs_read_kernel(struct kernel_files *k, const char *root, const char *version)
{
	char modules[4096], config[KERNEL_VERSION_BYTES + 16];
	struct utsname u;

	*k = (struct kernel_files){.runs = false};
	if (uname(&u))
		*u.release = 0;
	text_format(k->version, sizeof(k->version), "%s", version ? version : u.release);
	k->runs = !*root && !strcmp(k->version, u.release);
	text_format(modules, sizeof(modules), "%s/lib/modules/%s", root, k->version);
	k->modules = lines_map(&k->dep, modules, "modules.dep");
	k->modules |= lines_map(&k->builtin, modules, "modules.builtin");
	(void)lines_map(&k->alias, modules, "modules.alias");
	(void)lines_map(&k->builtin_info, modules, "modules.builtin.modinfo");
	text_format(modules, sizeof(modules), "%s/boot", root);
	text_format(config, sizeof(config), "config-%s", k->version);
	k->configured = lines_map(&k->config, modules, config);
}

/* The first character of the value of CONFIG_OPTION; 'n' if it is not set. */
static char configured(const struct kernel_files *k, const char *option)
{
	struct span rest = k->config, line;
	char start[64];
	size_t len = text_format(start, sizeof(start), "CONFIG_%s=", option);

	while (lines_next(&rest, '\n', &line))
		if (span_begins(line, start) && line.len > len)
			return line.at[len];
	return 'n';
}

/* Is the module @name, or of a cipher's @word one that has this alias, built in? */
static bool is_built_in(const struct kernel_files *k, int i)
{
	const char *word = table[i].word;
	struct span rest = k->builtin, line;
	char alias[64];
	size_t len = text_format(alias, sizeof(alias), ".alias=crypto-%s", word);

	if (i < CIPHERS) {
		while (lines_next(&rest, '\n', &line))
			if (span_same_module(span_module(line), (struct span){word, strlen(word)}))
				return true;
	} else {
		for (rest = k->builtin_info; lines_next(&rest, 0, &line);)
			if (line.len > len && !memcmp(line.at + line.len - len, alias, len))
				return true;
	}
	return k->configured && configured(k, table[i].option) == 'y';
}

/* The next module in *@rest, lines of modules.alias, that provides row @i. */
static bool next_candidate(struct span *rest, int i, struct span *module)
{
	struct span line, word;
	char alias[64];

	text_format(alias, sizeof(alias), "crypto-%s", table[i].word);
	while (lines_next(rest, '\n', &line))
		if (lines_word(&line, &word) && lines_word(&line, &word) && span_is(word, alias) &&
			lines_word(&line, module))
			return true;
	return false;
}

/* The line of modules.dep of @module: its file and its dependencies. */
static bool find_dep(const struct kernel_files *k, struct span module, struct span *line)
{
	struct span rest = k->dep, copy, file;

	while (lines_next(&rest, '\n', line)) {
		copy = *line;
		if (lines_word(&copy, &file) && span_same_module(span_module(file), module))
			return true;
	}
	return false;
}

static bool is_in_image(const struct image *image, struct span dep)
{
	struct span file;

	while (lines_word(&dep, &file))
		if (!image_has_module(image, span_module(file)))
			return false;
	return true;
}

enum answer {
	ANSWER_BUILT_IN,
	ANSWER_MODULE,   /* in the image, as far as is known */
	ANSWER_LEFT_OUT, /* a module that is missing from the image */
	ANSWER_ABSENT,   /* not in the kernel */
	ANSWER_NOT_KNOWN,
};

/* @found becomes @module, unless what was found before is as good. */
static enum answer weigh(const struct kernel_files *k, const struct image *image, struct span module,
	enum answer before, struct span *found)
{
	struct span dep;
	enum answer now;

	if (before == ANSWER_MODULE || !find_dep(k, module, &dep))
		return before;
	now = !image->given || is_in_image(image, dep) ? ANSWER_MODULE : ANSWER_LEFT_OUT;
	if (now != before)
		*found = module;
	return now;
}

/* Does the running kernel have it, though the files of its modules are not here? */
static bool runs_with(int i)
{
	static char text[1 << 16];
	static const char *const modules[] = {[DM] = "/sys/module/dm_mod",
		[DM_CRYPT] = "/sys/module/dm_crypt",
		[DM_INTEGRITY] = "/sys/module/dm_integrity"};
	struct span crypto, line, word;
	struct stat st;

	if (i < CIPHERS)
		return i <= DM_INTEGRITY && !stat(modules[i], &st);
	if (!lines_read(&crypto, "/proc/crypto", text, sizeof(text)))
		return false;
	while (lines_next(&crypto, '\n', &line))
		if (lines_word(&line, &word) && span_is(word, "name") && lines_word(&line, &word) &&
			lines_word(&line, &word) && span_begins(word, table[i].word))
			return true;
	return false;
}

static enum answer ask(const struct kernel_files *k, const struct image *image, int i, struct span *module)
{
	enum answer answer = ANSWER_ABSENT;
	struct span rest = k->alias, candidate = {table[i].word, strlen(table[i].word)};

	if (is_built_in(k, i))
		return ANSWER_BUILT_IN;
	if (i < CIPHERS)
		answer = weigh(k, image, candidate, answer, module);
	else
		while (next_candidate(&rest, i, &candidate))
			answer = weigh(k, image, candidate, answer, module);
	if (answer == ANSWER_ABSENT && !k->modules && !k->configured)
		return k->runs && runs_with(i) ? ANSWER_BUILT_IN : ANSWER_NOT_KNOWN;
	return answer;
}

/* --- findings --------------------------------------------------------------------------------- */

static void judge_absent(const struct kernel_files *k, int i, const char *whose, const char *where,
	struct findings *f)
{
	if (k->configured && configured(k, table[i].option) == 'm')
		findings_add(f, WEIGHT_PROBLEM, CAUSE_KERNEL, where,
			"%s needs %s, a module of this kernel (CONFIG_%s=m) that is not in /lib/modules/%s; "
			"install it",
			whose, table[i].word, table[i].option, k->version);
	else
		findings_add(f, WEIGHT_PROBLEM, CAUSE_KERNEL, where,
			"has no %s, which %s needs; use a kernel built with CONFIG_%s", table[i].word, whose,
			table[i].option);
}

static void judge(const struct kernel_files *k, const struct image *image, int i, const char *whose,
	const char *where, struct findings *f)
{
	struct span module = {"", 0};
	enum answer answer = ask(k, image, i, &module);
	enum presence presence = table[i].presence;
	char name[64];

	module.len = module.len < sizeof(name) ? module.len : sizeof(name) - 1;
	memcpy(name, module.at, module.len); /* no text ends there */
	name[module.len] = 0;
	switch (answer) {
	case ANSWER_BUILT_IN:
		findings_add(f, WEIGHT_OK, CAUSE_OK, where, "has %s", table[i].word);
		break;
	case ANSWER_MODULE:
		findings_add(f, WEIGHT_OK, CAUSE_OK, where, "has %s as module %s%s", table[i].word, name,
			image->given ? ", which is in the image" : "");
		break;
	case ANSWER_LEFT_OUT:
		findings_add(f, presence == USEFUL ? WEIGHT_WARNING : WEIGHT_PROBLEM, CAUSE_KERNEL, where,
			"%s needs module %s, but it or one of its dependencies "
			"is missing from the image; add it",
			whose, name);
		break;
	case ANSWER_ABSENT:
		if (presence == REQUIRED)
			judge_absent(k, i, whose, where, f);
		break;
	case ANSWER_NOT_KNOWN:
		if (presence == REQUIRED)
			findings_add(f, WEIGHT_NOTE, CAUSE_OK, where,
				"unknown whether it has %s, which %s needs", table[i].word, whose);
		break;
	}
}

void needs_judge(const struct needs *n, const struct kernel_files *k, const struct image *image,
	struct findings *f)
{
	char where[KERNEL_VERSION_BYTES + 16];

	text_format(where, sizeof(where), "kernel %s", k->version);
	if (!k->modules && !k->configured && !k->runs)
		findings_add(f, WEIGHT_WARNING, CAUSE_KERNEL, where,
			"is not installed: neither /lib/modules/%s nor /boot/config-%s exists", k->version,
			k->version);
	for (int i = 0; i < ROWS; i++)
		if (n->whose[i])
			judge(k, image, i, n->whose[i], where, f);
}
