/* SPDX-License-Identifier: MIT */
/* threads - this program's pthread_create, which can be told to fail. */
#ifndef UNIT_THREADS_H
#define UNIT_THREADS_H

#include <errno.h>
#include <pthread.h>
#ifdef __GLIBC__
#include <dlfcn.h>
#else
int __pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
#endif

static struct {
	unsigned calls;
	unsigned fail_at; /* the call that fails, from 1; 0: none */
} threads;

int pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
#ifdef __GLIBC__
	static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
#else
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = __pthread_create;
#endif

	if (++threads.calls == threads.fail_at)
		return EAGAIN;
	return real(t, attr, run, arg);
}

#endif
