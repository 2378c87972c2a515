/* SPDX-License-Identifier: MIT */
/* os_open - see os.h. A file by itself, so that a test can open something else. */
#include "base/os.h"

int os_open(const char *path, int flags)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC | O_LARGEFILE);
}
