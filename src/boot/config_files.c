/* SPDX-License-Identifier: MIT */
/* config_files - see config_files.h. */
#include "boot/config_files.h"
#include "base/file.h"
#include <errno.h>

/*
 * The whole text file @path into @buf. Not being there is no failure where @optional; then *@text is NULL.
 * Fails: CAUSE_USAGE (unreadable, larger than @size).
 */
static enum cause read_text(const char *path, bool optional, char *buf, size_t size, const char **text,
	struct error *err)
{
	ssize_t n = file_read(path, buf, size);

	*text = n < 0 ? NULL : buf;
	if (n >= 0 || (errno == ENOENT && optional))
		return CAUSE_OK;
	if (errno == EFBIG)
		return error_set(err, CAUSE_USAGE, "%s: longer than %llu bytes", path,
			(unsigned long long)size - 1);
	return error_set_os(err, CAUSE_USAGE, errno, "%s: cannot be read", path);
}

enum cause config_files_read(struct config_files *files, const char *cmdline, const char *crypttab,
	const char *conf, struct error *err)
{
	enum cause cause = CAUSE_OK;

	files->plan = (struct plan_sources){
		.cmdline = cmdline,
		.crypttab_path = crypttab ? crypttab : "/etc/crypttab",
		.conf_path = conf ? conf : "/etc/latchkey.conf",
	};
	if (!cmdline)
		cause = read_text("/proc/cmdline", true, files->cmdline, sizeof(files->cmdline),
			&files->plan.cmdline, err);
	if (!cause)
		cause = read_text(files->plan.crypttab_path, !crypttab, files->crypttab,
			sizeof(files->crypttab), &files->plan.crypttab, err);
	if (!cause)
		cause = read_text(files->plan.conf_path, !conf, files->conf, sizeof(files->conf),
			&files->plan.conf, err);
	return cause;
}
