/* SPDX-License-Identifier: MIT */
/* threads - this program's os_thread, which can be told to fail. */
#ifndef UNIT_THREADS_H
#define UNIT_THREADS_H

#include "base/os.h"

#define os_thread real_os_thread
bool os_thread(int (*run)(void *), void *arg, void *stack, atomic_int *alive);
#include "../../src/base/os_thread.c"
#undef os_thread

static struct {
	unsigned calls;
	unsigned fail_at; /* the call that fails, from 1; 0: none */
} threads;

bool os_thread(int (*run)(void *), void *arg, void *stack, atomic_int *alive)
{
	return ++threads.calls != threads.fail_at && real_os_thread(run, arg, stack, alive);
}

#endif
