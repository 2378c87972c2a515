/* SPDX-License-Identifier: MIT */
/* os - what the C library declares differently, or does in a roundabout way. */
#ifndef BASE_OS_H
#define BASE_OS_H

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ioctl(2): the request is an int in musl and unsigned long in glibc and the kernel. */
static inline int os_ioctl(int fd, unsigned long request, void *arg)
{
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

/* The same with a plain number, which some requests take. */
static inline int os_ioctl_number(int fd, unsigned long request, unsigned long arg)
{
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

/*
 * open(2) of what is there, close-on-exec: open of musl asks for that with a second system call, as for old
 * kernels.
 */
int os_open(const char *path, int flags);

/*
 * Start a thread of this process: @run(@arg) on the stack that ends at @stack. It shares the caller's
 * thread-local memory, errno included: @run may only call what needs none of its own, so neither malloc nor
 * stdio. @alive is 1 until the thread has left its stack; then the kernel makes it 0 and wakes its futex
 * (clone(2), CLONE_CHILD_CLEARTID). pthread_create is 3 KiB larger. Fails: false, if there is no thread.
 */
bool os_thread(int (*run)(void *arg), void *arg, void *stack, atomic_int *alive);

/* Become user and group 65534, in no other group: the calling thread, for good. Fails: false, with errno. */
bool os_become_nobody(void);

/* Of memory. sysconf would answer a hundred other questions, too. */
static inline size_t os_page_bytes(void)
{
	return (size_t)getauxval(AT_PAGESZ);
}

#endif
