/* SPDX-License-Identifier: MIT */
/* cause - the table of causes, and how a sentence gets into struct error. */
#include "base/cause.h"
#include "base/text.h"
#include <string.h>

static const struct cause_info infos[CAUSE_COUNT] = {
	[CAUSE_OK] = {"ok", "mapped, tested, or sound"},
	[CAUSE_USAGE] = {"usage", "arguments, name or configuration are wrong"},
	[CAUSE_PASSPHRASE] = {"passphrase", "a keyslot was computed to the end and its digest did not match"},
	[CAUSE_RESOURCE] = {"resource", "not enough memory, or a limit of this machine"},
	[CAUSE_DEVICE] = {"device", "missing, unreadable, too short, or not LUKS"},
	[CAUSE_EXISTS] = {"exists", "the mapping, name or file exists, or the device is in use"},
	[CAUSE_DAMAGED] = {"damaged", "invalid data: checksum, range or overlap"},
	[CAUSE_UNSUPPORTED] = {"unsupported", "valid, but unsupported or refused"},
	[CAUSE_KERNEL] = {"kernel", "the kernel refused: no dm, no dm-crypt, no cipher, ioctl error"},
	[CAUSE_BUG] = {"bug", "internal error; please report it"},
};

const struct cause_info *cause_info(enum cause cause)
{
	return &infos[(unsigned)cause < CAUSE_COUNT ? cause : CAUSE_BUG];
}

enum cause error_set(struct error *err, enum cause cause, const char *fmt, ...)
{
	va_list args;

	err->cause = cause;
	err->os_errno = 0;
	va_start(args, fmt);
	text_vformat(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	text_sanitize(err->text);
	return cause;
}

enum cause error_set_os(struct error *err, enum cause cause, int os_errno, const char *fmt, ...)
{
	va_list args;
	size_t used;

	err->cause = cause;
	err->os_errno = os_errno;
	va_start(args, fmt);
	used = text_vformat(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	text_format(err->text + used, sizeof(err->text) - used, ": %s", text_errno(os_errno));
	text_sanitize(err->text);
	return cause;
}

void error_prefix(struct error *err, const char *fmt, ...)
{
	char old[ERROR_TEXT_BYTES];
	va_list args;
	size_t used;

	text_format(old, sizeof(old), "%s", err->text);
	va_start(args, fmt);
	used = text_vformat(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	text_format(err->text + used, sizeof(err->text) - used, ": %s", old);
	text_sanitize(err->text);
}

void error_append(struct error *err, const char *fmt, ...)
{
	size_t used = strlen(err->text);
	va_list args;

	va_start(args, fmt);
	text_vformat(err->text + used, sizeof(err->text) - used, fmt, args);
	va_end(args);
	text_sanitize(err->text);
}
