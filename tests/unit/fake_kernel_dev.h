/* SPDX-License-Identifier: MIT */
/*
 * fake_kernel_dev - /dev, /run and /sys/class/block of our own, that nobody else sees.
 *
 * Needs root, or a kernel that gives ordinary users a namespace. Without it the tests that
 * touch these folders are skipped.
 */
#ifndef TESTS_FAKE_KERNEL_DEV_H
#define TESTS_FAKE_KERNEL_DEV_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static inline void dev_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static inline bool dev_unshare(void)
{
	unsigned uid = geteuid(), gid = getegid();
	char map[64];

	if (!unshare(CLONE_NEWNS))
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return false;
	dev_write("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	dev_write("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	dev_write("/proc/self/gid_map", map);
	return true;
}

static inline bool dev_cover(const char *path)
{
	return !mount("tmpfs", path, "tmpfs", 0, "mode=755");
}

/* Empty folders in the place of the real ones. Returns NULL, or why not. */
static inline const char *dev_private(void)
{
	if (!dev_unshare())
		return "no mount namespace allowed here";
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) || !dev_cover("/dev") || !dev_cover("/run"))
		return "no mounts allowed here";
	if (access("/sys/class/block", F_OK) || !dev_cover("/sys/class/block"))
		return "no /sys/class/block here";
	return mkdir("/dev/mapper", 0755) ? "no folder in /dev allowed here" : NULL;
}

/* May block device nodes be made, too? NULL, or why not. */
static inline const char *dev_nodes(void)
{
	bool made = !mknod("/dev/try", S_IFBLK | 0600, makedev(253, 250));

	(void)unlink("/dev/try");
	return made ? NULL : "no device nodes allowed here";
}

#endif
