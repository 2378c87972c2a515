/* SPDX-License-Identifier: MIT */
/* early - see early.h. */
#include "init/early.h"
#include "base/file.h"
#include "base/text.h"
#include "init/console.h"
#include "init/wait.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* 0 or an errno. An initramfs may come with the directory, a kernel with the mount. */
static int mount_at(const char *type, const char *where, unsigned long flags, const char *data)
{
	(void)mkdir(where, 0755);
	if (mount(type, where, type, flags, data) && errno != EBUSY)
		return errno;
	return 0;
}

static void mount_or_say(const char *type, const char *where, unsigned long flags, const char *data)
{
	int err = mount_at(type, where, flags, data);

	if (err)
		console_say("cannot mount %s on %s: %s", type, where, text_errno(err));
}

void early_mount(void)
{
	int err = mount_at("devtmpfs", "/dev", MS_NOSUID, "mode=0755");

	if (err) /* then there is no console either, unless we make its node */
		(void)mknod("/dev/console", S_IFCHR | 0600, makedev(5, 1));
	console_open();
	if (err)
		console_say("cannot mount devtmpfs on /dev: %s", text_errno(err));
	mount_or_say("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_or_say("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_or_say("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755");
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* 0 or an errno. */
static int load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 || syscall(SYS_finit_module, fd, "", 0) ? errno : 0;

	if (fd >= 0)
		close(fd);
	return err == EEXIST ? 0 : err;
}

/*
 * A driver does not come back while a disk of its own does not answer, and then no signal reaches who loads
 * it. So a
 * child loads the modules; when it hangs, it is left there, and another one loads the rest.
 */
struct loading {
	pid_t by;
	char *line; /* that is at hand; in the text of all of them, cut into lines */
	unsigned loaded;
	char failed[900];
	size_t failed_len;
	bool bad; /* something else than a driver without its hardware */
};

static struct loading *loading; /* of both; NULL before the first one */

static char *next_line(char *line)
{
	return line + strlen(line) + 1;
}

static void load_from(char *line, const char *end)
{
	loading->by = getpid();
	for (; line < end; line = next_line(line)) {
		int err;

		loading->line = line;
		if (!*line || *line == '#')
			continue;
		err = load_module(line);
		if (loading->by != getpid())
			return; /* too late */
		loading->loaded += !err;
		loading->bad |= err && err != ENODEV;
		if (err)
			loading->failed_len += text_format(loading->failed + loading->failed_len,
				sizeof(loading->failed) - loading->failed_len, " %s (%s)", file_name(line),
				text_errno(err));
	}
}

/* Until the child that has the other end of @fd has ended; false: it hangs. */
static bool wait_for_loader(int fd)
{
	enum { QUIETLY_MS = 2000, LIMIT_MS = 10000 };
	char *line;

	do {
		line = loading->line;
		if (wait_readable(fd, QUIETLY_MS))
			return true;
		if (line == loading->line)
			console_say("waiting for driver %s", file_name(line));
		else
			continue;
		if (wait_readable(fd, LIMIT_MS - QUIETLY_MS))
			return true;
	} while (line != loading->line);
	console_say("loading driver %s timed out after %d s; continuing without it", file_name(line),
		LIMIT_MS / 1000);
	return false;
}

/* The line to go on with, or @end. */
static char *load_in_child(char *line, char *end)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC)) {
		load_from(line, end);
		return end;
	}
	loading->line = line;
	child = _Fork();
	if (!child) {
		load_from(line, end);
		_exit(0);
	}
	close(ends[1]);
	if (child < 0)
		load_from(line, end);
	line = child < 0 || wait_for_loader(ends[0]) ? end : next_line(loading->line);
	loading->by = 0;
	close(ends[0]);
	return line;
}

/* A driver without its hardware fails, too: one line for all of them. */
static void load_all(char *text)
{
	char *end = text + strlen(text) + 1;

	loading = mmap(NULL, sizeof(*loading), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (loading == MAP_FAILED) {
		console_say("no memory for drivers");
		return;
	}
	for (char *p = text; p < end; p++)
		*p = *p == '\n' ? 0 : *p;
	while (text < end)
		text = load_in_child(text, end);
	console_tell("%u modules loaded", loading->loaded);
	if (loading->bad)
		console_say("not loaded:%s", loading->failed);
	else if (loading->failed_len)
		console_tell("not loaded:%s", loading->failed);
}

void early_load_modules(const char *list)
{
	static char text[32768];
	bool whole = file_read(list, text, sizeof(text)) >= 0;

	if (!whole && errno == ENOENT)
		return;
	if (!whole)
		console_say("cannot read %s: %s", list, text_errno(errno));
	load_all(text);
}

void early_read_cmdline(char *buf, size_t size)
{
	if (file_read("/proc/cmdline", buf, size) < 0)
		console_say("cannot read /proc/cmdline: %s", text_errno(errno));
}
