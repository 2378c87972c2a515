/* SPDX-License-Identifier: MIT */
/* fatal - see fatal.h. */
#include "secret/fatal.h"
#include "secret/wipe.h"
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* How often the handler looks whether the other threads have stopped, a millisecond apart. */
enum { STOP_LOOKS = 1000 };

static struct {
	struct {
		void *volatile p;
		volatile size_t bytes;
	} memory[FATAL_MEMORIES];
	void (*volatile step[FATAL_STEPS])(void);
	struct {
		void *stack;
		size_t bytes;
		atomic_int id; /* 0: no such thread */
		atomic_bool stopped;
	} thread[FATAL_THREADS_MAX];
	atomic_bool dying;
} fatal;

static pid_t thread_id(void)
{
	return (pid_t)syscall(SYS_gettid);
}

/* False: there is no such thread any more. */
static bool send(pid_t thread, int sig)
{
	return !syscall(SYS_tgkill, getpid(), thread, sig);
}

static _Noreturn void stop(unsigned n)
{
	fatal.thread[n].stopped = true;
	for (;;)
		(void)pause();
}

/* In another thread than the first, which is told and does all the rest. Its number is the process's. */
static void stop_if_thread(int sig)
{
	const pid_t id = thread_id();

	for (unsigned n = 0; n < FATAL_THREADS_MAX; n++) {
		if (fatal.thread[n].id != id)
			continue;
		if (!fatal.dying)
			(void)send(getpid(), sig);
		stop(n);
	}
	/* It has just been made, and holds nothing yet. */
	while (id != getpid()) {
		(void)send(getpid(), sig);
		(void)pause();
	}
}

/* They would write secrets again. True: none runs any more. */
static bool are_stopped(int sig)
{
	bool all = true;

	for (unsigned n = 0; n < FATAL_THREADS_MAX; n++)
		all &= !fatal.thread[n].id || fatal.thread[n].stopped || !send(fatal.thread[n].id, sig);
	return all;
}

static void stop_threads(int sig)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	fatal.dying = true;
	for (unsigned looks = 0; !are_stopped(sig) && looks < STOP_LOOKS; looks++)
		(void)nanosleep(&pause, NULL);
	for (unsigned n = 0; n < FATAL_THREADS_MAX; n++)
		if (fatal.thread[n].id)
			wipe(fatal.thread[n].stack, fatal.thread[n].bytes);
}

/* Live frames, which the sanitizers guard: hence neither wipe nor their checks. */
__attribute__((no_sanitize("address"))) static void wipe_frames(uintptr_t from, uintptr_t end)
{
	for (from &= ~(uintptr_t)(sizeof(long) - 1); from < end; from += sizeof(long))
		*(volatile long *)from = 0;
}

/*
 * The kernel's frame, which has the registers, is above ours; all older ones, up to the environment, are
 * above that. Nothing returns to them.
 */
static void on_signal(int sig, siginfo_t *info, void *context)
{
	const uintptr_t a = (uintptr_t)info, b = (uintptr_t)context;
	sigset_t all;

	stop_if_thread(sig);
	stop_threads(sig);
	for (unsigned i = 0; i < FATAL_MEMORIES; i++)
		if (fatal.memory[i].bytes)
			wipe(fatal.memory[i].p, fatal.memory[i].bytes);
	for (unsigned i = 0; i < FATAL_STEPS; i++)
		if (fatal.step[i])
			fatal.step[i]();
	(void)signal(sig, SIG_DFL);
	(void)raise(sig); /* it is blocked until all is done */
	wipe_stack();
	wipe_frames(a < b ? a : b, (uintptr_t)environ);
	sigfillset(&all);
	(void)sigprocmask(SIG_UNBLOCK, &all, NULL);
	_exit(128 + sig); /* process 1 does not die by a signal */
}

void fatal_install(void)
{
	static const uint8_t harmless[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU};
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO}, old;

	sigfillset(&action.sa_mask);
	for (int sig = 1; sig < _NSIG; sig++)
		if (!memchr(harmless, sig, sizeof(harmless)) && !sigaction(sig, &action, &old) &&
			old.sa_handler != SIG_DFL)
			(void)sigaction(sig, &old, NULL);
}

void fatal_wipes(enum fatal_memory which, void *p, size_t bytes)
{
	fatal.memory[which].bytes = 0;
	fatal.memory[which].p = p;
	fatal.memory[which].bytes = bytes;
}

void fatal_calls(enum fatal_step which, void (*step)(void))
{
	fatal.step[which] = step;
}

void fatal_thread_begin(unsigned n, void *stack, size_t bytes)
{
	fatal.thread[n].stack = stack;
	fatal.thread[n].bytes = bytes;
	fatal.thread[n].id = thread_id();
	if (fatal.dying) /* the handler may have missed this one */
		stop(n);
}

void fatal_threads_end(void)
{
	for (unsigned n = 0; n < FATAL_THREADS_MAX; n++)
		fatal.thread[n].id = 0;
}
