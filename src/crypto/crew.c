/* SPDX-License-Identifier: MIT */
/* crew - see crew.h. */
#include "crypto/crew.h"
#include "base/os.h"
#include "secret/wipe.h"
#include <limits.h>
#include <stddef.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Room for a core's spilled registers many times over; guarded below. Never grows: no signal is taken on it. */
enum { STACK_BYTES = 64 << 10 };

static void futex(atomic_uint *word, int operation, unsigned value)
{
	(void)syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

bool crew_take(struct crew *crew, uint32_t pieces, uint32_t *piece)
{
	*piece = atomic_fetch_add_explicit(&crew->taken, 1, memory_order_relaxed);
	return *piece < pieces;
}

static void next_step(struct crew *crew)
{
	atomic_store_explicit(&crew->arrived, 0, memory_order_relaxed);
	atomic_store_explicit(&crew->taken, 0, memory_order_relaxed);
	atomic_fetch_add_explicit(&crew->step, 1, memory_order_release);
	if (crew->members > 1)
		futex(&crew->step, FUTEX_WAKE, INT_MAX);
}

static void wait_for_step_after(struct crew *crew, unsigned step)
{
	while (atomic_load_explicit(&crew->step, memory_order_acquire) == step)
		futex(&crew->step, FUTEX_WAIT, step);
}

void crew_end_step(struct crew *crew)
{
	unsigned step = atomic_load_explicit(&crew->step, memory_order_relaxed);

	if (atomic_fetch_add_explicit(&crew->arrived, 1, memory_order_acq_rel) + 1 == crew->members)
		next_step(crew);
	else
		wait_for_step_after(crew, step);
}

void crew_set(atomic_uint *flag)
{
	atomic_store_explicit(flag, 1, memory_order_release);
	futex(flag, FUTEX_WAKE, INT_MAX);
}

void crew_wait(atomic_uint *flag)
{
	while (!atomic_load_explicit(flag, memory_order_acquire))
		futex(flag, FUTEX_WAIT, 0);
}

/* What a thread is given. */
struct member {
	struct crew *crew;
	unsigned number;
	pthread_t thread;
};

static void *member_main(void *arg)
{
	struct member *m = arg;

	/* Until the crew is complete; its first step is this one. */
	wait_for_step_after(m->crew, 0);
	m->crew->work(m->crew, m->number, m->crew->context);
	return NULL;
}

static bool member_start(struct member *m, struct crew *crew, unsigned number, uint8_t *stack, size_t guard)
{
	pthread_attr_t attr;
	bool started;

	m->crew = crew;
	m->number = number;
	(void)mprotect(stack, guard, PROT_NONE);
	if (pthread_attr_init(&attr))
		return false;
	started = !pthread_attr_setstack(&attr, stack + guard, STACK_BYTES) &&
	          !pthread_create(&m->thread, &attr, member_main, m);
	pthread_attr_destroy(&attr);
	return started;
}

void crew_run(struct crew *crew, unsigned members,
	void (*work)(struct crew *, unsigned member, void *context), void *context)
{
	const size_t guard = os_page_bytes(), each = guard + STACK_BYTES;
	const size_t bytes = (members - 1) * each;
	uint8_t *stacks = MAP_FAILED;
	struct member others[CREW_MAX - 1];
	sigset_t all, before;

	*crew = (struct crew){.members = 1, .work = work, .context = context};
	if (members > 1)
		stacks = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
			-1, 0);
	if (stacks != MAP_FAILED) {
		(void)madvise(stacks, bytes, MADV_DONTDUMP);
		/* Signals are the first thread's business. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		while (crew->members < members &&
			member_start(&others[crew->members - 1], crew, crew->members,
				stacks + (crew->members - 1) * each, guard))
			crew->members++;
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	next_step(crew);
	work(crew, 0, context);
	if (stacks == MAP_FAILED)
		return;
	for (unsigned i = 0; i + 1 < crew->members; i++) {
		pthread_join(others[i].thread, NULL);
		wipe(stacks + i * each + guard, STACK_BYTES);
	}
	munmap(stacks, bytes);
}
