/* SPDX-License-Identifier: MIT */
/* boot - the boot command: where its configuration is, and what to do with it. */
#include "boot/boot.h"
#include "base/text.h"
#include "command/command.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { CMDLINE_BYTES = 16384, FILE_BYTES = 65536 };

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

static void say_notes(const struct plan *p)
{
	for (unsigned i = 0; i < p->note_count; i++)
		if (p->notes[i].bad || !p->quiet)
			text_print(2, "latchkey: %s\n", p->notes[i].text);
}

enum cause command_boot(const struct options *o, struct error *err)
{
	static char cmdline[CMDLINE_BYTES], crypttab[FILE_BYTES], conf[FILE_BYTES];
	static struct plan plan;
	struct plan_sources from = {
		.cmdline = o->cmdline,
		.crypttab_path = o->crypttab ? o->crypttab : "/etc/crypttab",
		.conf_path = o->config ? o->config : "/etc/latchkey.conf",
	};
	enum cause cause = CAUSE_OK;

	if (!o->cmdline)
		cause = read_text("/proc/cmdline", true, cmdline, sizeof(cmdline), &from.cmdline, err);
	if (!cause)
		cause = read_text(from.crypttab_path, !o->crypttab, crypttab, sizeof(crypttab), &from.crypttab, err);
	if (!cause)
		cause = read_text(from.conf_path, !o->config, conf, sizeof(conf), &from.conf, err);
	if (cause)
		return cause;
	plan_make(&from, &plan);
	if (o->show) {
		plan_show(&plan, 1);
		return CAUSE_OK;
	}
	say_notes(&plan);
	return boot_run(&plan, o->test, err);
}
