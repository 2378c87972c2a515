/* SPDX-License-Identifier: MIT */
/* memory - what the kernel thinks of an address, and stacks of our own. */
#ifndef UNIT_MEMORY_H
#define UNIT_MEMORY_H

#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

/* May the byte at @p be read? Asks the kernel, so that nothing crashes. */
static inline bool memory_readable(const void *p)
{
	int pipe_fd[2];
	bool readable;

	if (pipe(pipe_fd))
		return false;
	readable = write(pipe_fd[1], p, 1) == 1;
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	return readable;
}

/* May the byte at @p be written? @p must not matter: a zero is put there. */
static inline bool memory_writable(void *p)
{
	int fd = open("/dev/zero", O_RDONLY);
	bool writable = read(fd, p, 1) == 1;

	close(fd);
	return writable;
}

/* fork(2); a crash of the child ends it at once, and it cannot outlive a minute. */
static inline pid_t unit_fork(void)
{
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
	pid_t pid = fork();

	if (!pid) {
		for (size_t i = 0; i < COUNT(crashes); i++)
			signal(crashes[i], SIG_DFL);
		alarm(60);
	}
	return pid;
}

/* A stack of our own: what a function leaves on it stays there for us to look at. */
enum { OTHER_STACK_BYTES = 512 << 10 };

static struct {
	uint8_t *base;
	void (*run)(void *);
	void *arg;
	uintptr_t entered; /* where the stack pointer was when run was called, more or less */
} other_stack;

static inline void other_stack_entry(int sig)
{
	(void)sig;
	other_stack.entered = (uintptr_t)__builtin_frame_address(0);
	other_stack.run(other_stack.arg);
}

/*
 * Call @run on the other stack, every byte of which is @paint before. It must return and must not use cmocka.
 * A signal handler does it: no thread, so the library's own thread machinery leaves nothing there.
 */
static inline void other_stack_call(void (*run)(void *), void *arg, uint8_t paint)
{
	struct sigaction action = {.sa_handler = other_stack_entry, .sa_flags = SA_ONSTACK}, old;
	stack_t mine = {.ss_size = OTHER_STACK_BYTES}, before;

	if (!other_stack.base)
		other_stack.base = mmap(NULL, OTHER_STACK_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(other_stack.base, MAP_FAILED);
	memset(other_stack.base, paint, OTHER_STACK_BYTES);
	mine.ss_sp = other_stack.base;
	other_stack.run = run;
	other_stack.arg = arg;
	assert_int_equal(sigaltstack(&mine, &before), 0);
	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
	assert_int_equal(sigaltstack(&before, NULL), 0);
}

/* How many bytes below its entry did the last call use? */
static inline size_t other_stack_depth(uint8_t paint)
{
	size_t at = 0;

	while (at < OTHER_STACK_BYTES && other_stack.base[at] == paint)
		at++;
	return (size_t)(other_stack.entered - (uintptr_t)other_stack.base) - at;
}

#endif
