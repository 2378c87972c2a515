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

static bool load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool loaded = fd >= 0 && !syscall(SYS_finit_module, fd, "", 0);

	if (!loaded && errno != EEXIST)
		say("module %s: %s", path, text_errno(errno));
	if (fd >= 0)
		close(fd);
	return loaded;
}

void early_load_modules(const char *list)
{
	static char text[32768];
	unsigned loaded = 0;
	char *line, *next;

	if (!read_text(list, text, sizeof(text))) {
		if (errno != ENOENT)
			say("cannot read %s: %s", list, text_errno(errno));
		if (errno != EFBIG)
			return;
	}
	for (line = text; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = 0;
		if (*line && *line != '#')
			loaded += load_module(line);
	}
	if (loaded)
		say("%u modules loaded", loaded);
}

void early_read_cmdline(char *buf, size_t size)
{
	if (!read_text("/proc/cmdline", buf, size))
		say("cannot read /proc/cmdline: %s", text_errno(errno));
}
