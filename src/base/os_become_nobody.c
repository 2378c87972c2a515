/* SPDX-License-Identifier: MIT */
/* os_become_nobody - see os.h. Not by setresuid(3), which would tell other threads. */
#include "base/os.h"

enum { NOBODY = 65534 };

/* The 32-bit numbers have calls of their own where there once were shorter ones. */
#ifdef SYS_setresuid32
enum { SET_USER = SYS_setresuid32, SET_GROUP = SYS_setresgid32, SET_GROUPS = SYS_setgroups32 };
#else
enum { SET_USER = SYS_setresuid, SET_GROUP = SYS_setresgid, SET_GROUPS = SYS_setgroups };
#endif

bool os_become_nobody(void)
{
	return !syscall(SET_GROUPS, 0, NULL) && !syscall(SET_GROUP, NOBODY, NOBODY, NOBODY) &&
	       !syscall(SET_USER, NOBODY, NOBODY, NOBODY);
}
