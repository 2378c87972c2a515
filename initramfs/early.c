/* SPDX-License-Identifier: MIT */
/* early - see early.h. */
#include "early.h"
#include "base/text.h"
#include "console.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
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
		say("cannot mount %s on %s: %s", type, where, text_errno(err));
}

void early_mount(void)
{
	int err = mount_at("devtmpfs", "/dev", MS_NOSUID, "mode=0755");

	if (err) /* then there is no console either, unless we make its node */
		(void)mknod("/dev/console", S_IFCHR | 0600, makedev(5, 1));
	console_open();
	if (err)
		say("cannot mount devtmpfs on /dev: %s", text_errno(err));
	mount_or_say("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_or_say("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_or_say("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755");
}

/* The content of a small text file, NUL-terminated. False (errno set) when it cannot be had whole. */
static bool read_text(const char *path, char *buf, size_t size)
{
	size_t used = 0;
	ssize_t n = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*buf = 0;
	if (fd < 0)
		return false;
	while (n > 0 && used < size - 1) {
		n = read(fd, buf + used, size - 1 - used);
		used += n > 0 ? (size_t)n : 0;
	}
	buf[used] = 0;
	if (n > 0)
		errno = EFBIG;
	close(fd);
	return n == 0;
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

/* A driver without its hardware fails, too: one line for all of them. */
static void load_all(char *list)
{
	char failed[900] = "", *line, *next;
	size_t used = 0;
	unsigned loaded = 0;

	for (line = list; *line; line = next) {
		int err;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = 0;
		if (!*line || *line == '#')
			continue;
		err = load_module(line);
		loaded += !err;
		if (err)
			used += text_format(failed + used, sizeof(failed) - used, " %s (%s)", file_name(line),
				text_errno(err));
	}
	say("%u modules loaded", loaded);
	if (used)
		say("not loaded:%s", failed);
}

void early_load_modules(const char *list)
{
	static char text[32768];
	bool whole = read_text(list, text, sizeof(text));

	if (!whole && errno == ENOENT)
		return;
	if (!whole)
		say("cannot read %s: %s", list, text_errno(errno));
	load_all(text);
}

void early_read_cmdline(char *buf, size_t size)
{
	if (!read_text("/proc/cmdline", buf, size))
		say("cannot read /proc/cmdline: %s", text_errno(errno));
}
