/* SPDX-License-Identifier: MIT */
/* plugged - see plugged.h. */
#include "boot/plugged.h"
#include "base/text.h"
#include <sys/stat.h>
#include <sys/sysmacros.h>

static uint64_t inode_of(const char *kind, dev_t device, const char *file)
{
	char path[64];
	struct stat st;

	text_format(path, sizeof(path), "/sys/dev/%s/%u:%u/%s", kind, major(device), minor(device), file);
	return stat(path, &st) ? 0 : (uint64_t)st.st_ino;
}

uint64_t plugged_inode(dev_t device, const char *file)
{
	return inode_of("block", device, file);
}

uint64_t plugged_number(const char *path)
{
	struct stat st;
	uint64_t inode;

	if (stat(path, &st))
		return 0;
	inode = inode_of(S_ISCHR(st.st_mode) ? "char" : "block", st.st_rdev, ".");
	return inode ? inode : 1; /* a file in the place of a device */
}
