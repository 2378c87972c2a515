/* SPDX-License-Identifier: MIT */
/* udev_db - see udev_db.h. */
#include "boot/udev_db.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define LINE "E:DM_UDEV_PRIMARY_SOURCE_FLAG=1\n"

void udev_db_write(const char *name)
{
	char path[300];
	struct stat st;
	int fd;

	if (!access("/run/udev/control", F_OK) || !text_join(path, sizeof(path), "/dev/mapper/", name, "") ||
		stat(path, &st))
		return;
	(void)mkdir("/run/udev", 0755);
	(void)mkdir("/run/udev/data", 0755);
	text_format(path, sizeof(path), "/run/udev/data/b%u:%u", major(st.st_rdev), minor(st.st_rdev));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		return;
	if (fd < 0 || !text_write(fd, LINE, sizeof(LINE) - 1))
		text_print(STDERR_FILENO,
			"latchkey: %s: cannot be written: %s; systemd may wait for the device\n", path,
			text_errno(errno));
	if (fd >= 0)
		close(fd);
}
