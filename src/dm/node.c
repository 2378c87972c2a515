/* SPDX-License-Identifier: MIT */
/* node - see node.h. */
#include "dm/node.h"
#include "base/os.h"
#include "base/text.h"
#include "dm/dm.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { PATH_BYTES = 192, UDEV_PATIENCE_MS = 10000, UDEV_PAUSE_MS = 10 };

static dev_t to_dev_t(uint64_t dev)
{
	return makedev(dm_major(dev), dm_minor(dev));
}

/* Is @path, through links, a block device with the number @dev? */
static bool is_device(const char *path, uint64_t dev)
{
	struct stat st;

	return !stat(path, &st) && S_ISBLK(st.st_mode) && st.st_rdev == to_dev_t(dev);
}

static bool udev_made_it(const char *path, uint64_t dev)
{
	if (access("/run/udev/control", F_OK))
		return false;
	for (int waited = 0; waited < UDEV_PATIENCE_MS; waited += UDEV_PAUSE_MS) {
		if (is_device(path, dev))
			return true;
		(void)poll(NULL, 0, UDEV_PAUSE_MS);
	}
	return false;
}

enum cause node_make(const char *name, uint64_t dev, bool private, struct error *err)
{
	char path[PATH_BYTES], target[64], kernel_node[64];
	unsigned minor = minor(to_dev_t(dev));
	int failed;

	text_format(path, sizeof(path), "/dev/mapper/%s", name);
	if ((!private && udev_made_it(path, dev)) || is_device(path, dev))
		return CAUSE_OK;
	(void)mkdir("/dev/mapper", 0755);
	(void)unlink(path); /* stale, or not there */
	text_format(kernel_node, sizeof(kernel_node), "/dev/dm-%u", minor);
	text_format(target, sizeof(target), "../dm-%u", minor);
	/* A link where the kernel made its own node: a udev that comes later can take it over. */
	if (is_device(kernel_node, dev))
		failed = symlink(target, path);
	else
		failed = mknod(path, S_IFBLK | 0600, to_dev_t(dev));
	if (failed)
		return error_set_os(err, CAUSE_KERNEL, errno, "%s: cannot be created", path);
	return CAUSE_OK;
}

int node_open_private(uint64_t dev, const char *name)
{
	char path[PATH_BYTES];
	int fd, open_errno;

	text_format(path, sizeof(path), "/dev/%s", name);
	if (mknod(path, S_IFBLK | 0600, to_dev_t(dev)))
		return -1;
	fd = os_open(path, O_RDONLY);
	open_errno = errno;
	(void)unlink(path);
	errno = open_errno;
	return fd;
}

void node_remove(const char *name)
{
	char path[PATH_BYTES];

	text_format(path, sizeof(path), "/dev/mapper/%s", name);
	(void)unlink(path);
}
