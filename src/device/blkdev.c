/* SPDX-License-Identifier: MIT */
/* blkdev - see blkdev.h. */
#include "device/blkdev.h"
#include "base/os.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/cdrom.h>
#include <linux/fs.h>
#include <linux/major.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static bool (*watcher)(dev_t device, const char *name);

void blkdev_tell(bool (*watch)(dev_t device, const char *name))
{
	watcher = watch;
}

static bool tell(dev_t device, const char *name)
{
	return !watcher || watcher(device, name);
}

void blkdev_tell_wait(const struct blkdev *dev)
{
	if (!dev)
		(void)tell(0, NULL);
	else if (dev->is_block)
		(void)tell(makedev(dev->major, dev->minor), dev->name);
}

static enum cause read_at(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	const struct blkdev *dev = ctx;
	size_t have = 0;

	while (have < len) {
		ssize_t n;

		blkdev_tell_wait(dev);
		n = pread(dev->fd, (char *)buf + have, len - have, (off_t)(off + have));
		blkdev_tell_wait(NULL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set_os(err, CAUSE_DEVICE, errno,
				"%s: %llu bytes at byte %llu cannot be read", dev->name,
				(unsigned long long)len, (unsigned long long)off);
		if (!n)
			return error_set(err, CAUSE_DEVICE, "%s: ended at byte %llu while it was read",
				dev->name, (unsigned long long)(off + have));
		have += (size_t)n;
	}
	return CAUSE_OK;
}

/* A drive for CDs has a size without a medium, too. Old kernels log this question to a partition. */
static bool is_empty_drive(const struct blkdev *dev)
{
	int status = dev->major == SCSI_CDROM_MAJOR
	                     ? os_ioctl_number(dev->fd, CDROM_DRIVE_STATUS, CDSL_CURRENT)
	                     : CDS_DISC_OK;

	return status == CDS_NO_DISC || status == CDS_TRAY_OPEN || status == CDS_DRIVE_NOT_READY;
}

/* What was opened, how long it is, and whether it can be written. */
static enum cause inspect(struct blkdev *dev, struct error *err)
{
	uint64_t size = 0;
	struct stat st;
	int ro = 0;

	if (fstat(dev->fd, &st))
		return error_set_os(err, CAUSE_DEVICE, errno, "%s: cannot stat the device", dev->name);
	if (S_ISREG(st.st_mode)) {
		size = (uint64_t)st.st_size;
	} else if (S_ISBLK(st.st_mode)) {
		dev->is_block = true;
		dev->major = major(st.st_rdev);
		dev->minor = minor(st.st_rdev);
		if (os_ioctl(dev->fd, BLKGETSIZE64, &size))
			return error_set_os(err, CAUSE_DEVICE, errno, "%s: cannot read its size", dev->name);
		if (!size || is_empty_drive(dev)) /* O_NONBLOCK opens them */
			return error_set_os(err, CAUSE_DEVICE, ENOMEDIUM, "%s: cannot be opened", dev->name);
		if (os_ioctl(dev->fd, BLKROGET, &ro))
			ro = 0;
	} else {
		return error_set(err, CAUSE_DEVICE, "%s: is %s, not a block device or file", dev->name,
			S_ISDIR(st.st_mode) ? "a directory" : "a special file");
	}
	dev->read_only = ro != 0;
	dev->reader = (struct reader){read_at, dev, size, dev->name};
	return CAUSE_OK;
}

enum cause blkdev_open_path(const char *path, struct blkdev *dev, struct error *err)
{
	enum cause cause;
	struct stat st;

	*dev = (struct blkdev){.fd = -1};
	text_escape(dev->name, sizeof(dev->name), path);
	if (!text_join(dev->path, sizeof(dev->path), path, "", ""))
		return error_set(err, CAUSE_DEVICE, "the path of the device is too long");
	if (watcher && !stat(dev->path, &st) && S_ISBLK(st.st_mode) && !tell(st.st_rdev, dev->name))
		return error_set(err, CAUSE_DEVICE, "%s: does not answer", dev->name);
	/* O_NONBLOCK: a FIFO in the place of a device must not hang us. It means nothing for disks. */
	dev->fd = os_open(dev->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	cause = dev->fd >= 0 ? inspect(dev, err)
	                     : error_set_os(err, CAUSE_DEVICE, errno, "%s: cannot be opened", dev->name);
	(void)tell(0, NULL);
	if (cause)
		blkdev_close(dev);
	return cause;
}

bool blkdev_is_read_only(const struct blkdev *dev)
{
	return dev->read_only || (!dev->is_block && access(dev->path, W_OK) && errno == EROFS);
}

void blkdev_close(struct blkdev *dev)
{
	if (dev->fd >= 0)
		close(dev->fd);
	dev->fd = -1;
}

enum cause blkdev_check_free(const struct blkdev *dev, struct error *err)
{
	char path[32];
	int fd;

	if (!dev->is_block)
		return CAUSE_OK;
	/* Through our own descriptor, so that it is the same device whatever the path means by now. */
	text_format(path, sizeof(path), "/proc/self/fd/%d", dev->fd);
	blkdev_tell_wait(dev);
	fd = os_open(path, O_RDONLY | O_EXCL);
	if (fd < 0 && errno == ENOENT)
		fd = os_open(dev->path, O_RDONLY | O_EXCL);
	(void)tell(0, NULL);
	if (fd < 0 && errno == EBUSY)
		return error_set(err, CAUSE_EXISTS, "%s: is in use: mounted, or part of another mapping",
			dev->name);
	if (fd < 0)
		return error_set_os(err, CAUSE_DEVICE, errno, "%s: cannot be opened", dev->name);
	close(fd);
	return CAUSE_OK;
}
