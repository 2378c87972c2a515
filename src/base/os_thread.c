/* SPDX-License-Identifier: MIT */
/* os_thread - see os.h. A file by itself, so that a test can refuse a thread. */
#include "base/os.h"
#include <sched.h>

/* clone(2) without the checks of musl's clone(), which permits no threads. musl and glibc both have it. */
int __clone(int (*run)(void *), void *stack, int flags, void *arg, ...);

bool os_thread(int (*run)(void *arg), void *arg, void *stack, atomic_int *alive)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
	                  CLONE_CHILD_CLEARTID;

	atomic_store_explicit(alive, 1, memory_order_relaxed);
	return __clone(run, stack, flags, arg, NULL, NULL, alive) > 0;
}
