/* SPDX-License-Identifier: MIT */
/* sources - see sources.h. */
#include "boot/sources.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/*
 * The whole text file @path into @buf. Not being there is no failure where @optional; then *@text is NULL.
 * Fails: CAUSE_USAGE (unreadable, larger than @size).
 */
static enum cause read_text(const char *path, bool optional, char *buf, size_t size, const char **text, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t used = 0;
	ssize_t n = 1;

	*text = NULL;
	if (fd < 0 && errno == ENOENT && optional)
		return CAUSE_OK;
	while (fd >= 0 && n > 0 && used < size) {
		n = read(fd, buf + used, size - used);
		used += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0 || n < 0)
		error_set_os(err, CAUSE_USAGE, errno, "%s: cannot be read", path);
	else if (used == size)
		error_set(err, CAUSE_USAGE, "%s: longer than %llu bytes", path, (unsigned long long)size - 1);
	if (fd >= 0)
		close(fd);
	if (fd < 0 || n < 0 || used == size)
		return CAUSE_USAGE;
	buf[used] = 0;
	*text = buf;
	return CAUSE_OK;
}

enum cause sources_read(struct sources *s, const char *cmdline, const char *crypttab, const char *conf, struct error *err)
{
	enum cause cause = CAUSE_OK;

	s->plan = (struct plan_sources){
		.cmdline = cmdline,
		.crypttab_path = crypttab ? crypttab : "/etc/crypttab",
		.conf_path = conf ? conf : "/etc/latchkey.conf",
	};
	if (!cmdline)
		cause = read_text("/proc/cmdline", true, s->cmdline, sizeof(s->cmdline), &s->plan.cmdline, err);
	if (!cause)
		cause = read_text(s->plan.crypttab_path, !crypttab, s->crypttab, sizeof(s->crypttab), &s->plan.crypttab, err);
	if (!cause)
		cause = read_text(s->plan.conf_path, !conf, s->conf, sizeof(s->conf), &s->plan.conf, err);
	return cause;
}
