/* SPDX-License-Identifier: MIT */
/* loop - see loop.h. */
#include "device/loop.h"
#include "base/os.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <string.h>
#include <unistd.h>

/* Somebody else may take the free number between the question and the use of it. */
enum { ATTEMPTS = 8 };

/* Bind @file_fd to the loop device @fd: in one step, or in two on kernels before 5.8. */
static int bind(int fd, int file_fd, bool read_only)
{
	struct loop_config config = {.fd = (uint32_t)file_fd};

	config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0);
	if (!os_ioctl(fd, LOOP_CONFIGURE, &config))
		return 0;
	if (errno != EINVAL && errno != ENOTTY)
		return -1;
	if (os_ioctl_number(fd, LOOP_SET_FD, (unsigned long)file_fd))
		return -1;
	if (!os_ioctl(fd, LOOP_SET_STATUS64, &config.info))
		return 0;
	(void)os_ioctl_number(fd, LOOP_CLR_FD, 0);
	return -1;
}

static enum cause bind_free_one(int file_fd, bool read_only, char *path, size_t path_bytes, int *out_fd,
	struct error *err)
{
	int control = os_open("/dev/loop-control", O_RDWR);

	if (control < 0)
		return error_set_os(err, CAUSE_KERNEL, errno,
			"/dev/loop-control: a file needs a loop device");
	*out_fd = -1;
	for (int i = 0; i < ATTEMPTS && *out_fd < 0; i++) {
		int n = os_ioctl_number(control, LOOP_CTL_GET_FREE, 0);

		if (n < 0)
			break;
		text_format(path, path_bytes, "/dev/loop%d", n);
		*out_fd = os_open(path, read_only ? O_RDONLY : O_RDWR);
		if (*out_fd >= 0 && bind(*out_fd, file_fd, read_only)) {
			int bind_errno = errno;

			close(*out_fd);
			*out_fd = -1;
			errno = bind_errno;
			if (errno != EBUSY)
				break;
		}
	}
	if (*out_fd < 0)
		error_set_os(err, CAUSE_KERNEL, errno, "cannot get a loop device for a file");
	close(control);
	return *out_fd < 0 ? CAUSE_KERNEL : CAUSE_OK;
}

enum cause loop_open(const struct blkdev *file, bool read_only, struct blkdev *loop, struct error *err)
{
	char path[32];
	enum cause cause;
	int mode = read_only ? O_RDONLY : O_RDWR, file_fd, loop_fd = -1;

	/* Through our own descriptor: the file that was judged, whatever the path means by now. */
	text_format(path, sizeof(path), "/proc/self/fd/%d", file->fd);
	file_fd = os_open(path, mode);
	if (file_fd < 0 && errno == ENOENT)
		file_fd = os_open(file->path, mode);
	/* On a filesystem that is read-only there is only one way. */
	if (file_fd < 0 && errno == EROFS && !read_only)
		return loop_open(file, true, loop, err);
	if (file_fd < 0)
		return error_set_os(err, CAUSE_DEVICE, errno, "%s: cannot be opened for a loop device",
			file->name);
	cause = bind_free_one(file_fd, read_only, path, sizeof(path), &loop_fd, err);
	close(file_fd);
	if (cause)
		return cause;
	/* The new description holds the loop device while the one that bound it goes. */
	cause = blkdev_open_path(path, loop, err);
	if (!cause)
		memcpy(loop->name, file->name, sizeof(loop->name));
	close(loop_fd);
	return cause;
}
