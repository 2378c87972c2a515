/* SPDX-License-Identifier: MIT */
/* verdict - see verdict.h. */
#include "format/verdict.h"
#include "base/text.h"

void verdict_set(struct luks_verdict *v, enum cause cause, const char *fmt, ...)
{
	va_list args;

	if (v->cause)
		return;
	v->cause = cause;
	va_start(args, fmt);
	text_vformat(v->why, sizeof(v->why), fmt, args);
	va_end(args);
	text_sanitize(v->why);
}

void verdict_unsupported(struct luks_verdict *v, const char *what, const char *name, const char *advice)
{
	verdict_set(v, CAUSE_UNSUPPORTED, "%s \"%s\" is not supported%s", what, name, advice);
}

void verdict_range(struct luks_verdict *v, const char *name, uint64_t n)
{
	verdict_set(v, CAUSE_DAMAGED, "\"%s\" is %llu, out of range", name, (unsigned long long)n);
}

void verdict_hash(struct luks_verdict *v, const char *name, enum hash *out)
{
	if (!hash_find(name, out))
		verdict_unsupported(v, "hash", name,
			"; on a machine where it opens, cryptsetup reencrypt --hash sha256 converts it");
}

void verdict_cipher(struct luks_verdict *v, const char *name, const char *integrity, enum cipher *out)
{
	char advice[LUKS_WHY_BYTES];

	if (cipher_find(name, integrity, out))
		return;
	text_format(advice, sizeof(advice), "%s%s%s%s", *integrity ? " with integrity \"" : "", integrity,
		*integrity ? "\"; open it with cryptsetup" : "", cipher_advice(name));
	verdict_unsupported(v, "cipher", name, advice);
}
