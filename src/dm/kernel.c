/* SPDX-License-Identifier: MIT */
/* kernel - see kernel.h. */
#include "dm/kernel.h"
#include "base/file.h"
#include "base/os.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/major.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char control_path[] = "/dev/mapper/control";

static int control_ioctl(void *ctx, unsigned long request, void *buffer)
{
	int fd = (int)(intptr_t)ctx;

	return os_ioctl(fd, request, buffer) < 0 ? errno : 0;
}

/* The thread keyring dies with us, whatever happens; dm-crypt searches it while it loads. */
static int key_add(void *ctx, const char *description, const uint8_t *key, uint32_t key_bytes, int32_t *id)
{
	long n = syscall(SYS_add_key, "logon", description, key, (size_t)key_bytes, KEY_SPEC_THREAD_KEYRING);

	(void)ctx;
	if (n < 0)
		return errno;
	*id = (int32_t)n;
	return 0;
}

static void key_drop(void *ctx, int32_t id)
{
	(void)ctx;
	(void)syscall(SYS_keyctl, KEYCTL_UNLINK, id, KEY_SPEC_THREAD_KEYRING);
}

/* The minor number of device-mapper's misc device, from the kernel's own list. */
static bool misc_minor(unsigned *minor)
{
	char text[2048];
	char *p;

	(void)file_read("/proc/misc", text, sizeof(text));
	p = text_find(text, " device-mapper\n");
	if (!p)
		return false;
	while (p > text && p[-1] >= '0' && p[-1] <= '9')
		p--;
	for (*minor = 0; *p >= '0' && *p <= '9'; p++)
		*minor = *minor * 10 + (unsigned)(*p - '0');
	return true;
}

/* Where /dev is a plain tmpfs, the node is missing. */
static int make_control(void)
{
	unsigned minor;

	if (!misc_minor(&minor))
		return ENODEV;
	(void)mkdir("/dev/mapper", 0755);
	return mknod(control_path, S_IFCHR | 0600, makedev(MISC_MAJOR, minor)) ? errno : 0;
}

enum cause kernel_open(struct kernel *k, struct error *err)
{
	int fd = os_open(control_path, O_RDWR), make_errno;

	if (fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV)) {
		make_errno = make_control();
		if (make_errno == ENODEV)
			return error_set(err, CAUSE_KERNEL,
				"this kernel has no device-mapper: load the module dm_mod");
		fd = os_open(control_path, O_RDWR);
	}
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return error_set_os(err, CAUSE_USAGE, errno, "%s: mapping needs root", control_path);
	if (fd < 0)
		return error_set_os(err, CAUSE_KERNEL, errno, "%s: cannot be opened", control_path);
	*k = (struct kernel){control_ioctl, key_add, key_drop, (void *)(intptr_t)fd};
	return CAUSE_OK;
}

void kernel_close(struct kernel *k)
{
	close((int)(intptr_t)k->ctx);
}
