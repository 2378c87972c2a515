/* SPDX-License-Identifier: MIT */
/* real_mmap - the kernel's mmap, for tests that put their own in front, as this architecture calls it. */
#ifndef REAL_MMAP_H
#define REAL_MMAP_H

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static inline void *real_mmap(void *where, size_t len, int prot, int flags, int fd, off_t off)
{
#ifdef SYS_mmap2
	return (void *)syscall(SYS_mmap2, where, len, prot, flags, fd, off / 4096);
#else
	return (void *)syscall(SYS_mmap, where, len, prot, flags, fd, off);
#endif
}

#endif
