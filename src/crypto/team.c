/* SPDX-License-Identifier: MIT */
/* team - see team.h. */
#include "crypto/team.h"
#include "base/os.h"
#include "secret/fatal.h"
#include "secret/wipe.h"
#include <limits.h>
#include <stddef.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Several times what a core and the handler of a fatal signal need, with a guard page below. */
enum { STACK_BYTES = 64 << 10 };

static void futex(atomic_uint *word, int operation, unsigned value)
{
	(void)syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

bool team_take(struct team *team, uint32_t pieces, uint32_t *piece)
{
	*piece = atomic_fetch_add_explicit(&team->taken, 1, memory_order_relaxed);
	return *piece < pieces;
}

static void next_step(struct team *team)
{
	atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
	atomic_store_explicit(&team->taken, 0, memory_order_relaxed);
	atomic_fetch_add_explicit(&team->step, 1, memory_order_release);
	if (team->members > 1)
		futex(&team->step, FUTEX_WAKE, INT_MAX);
}

static void wait_for_step_after(struct team *team, unsigned step)
{
	while (atomic_load_explicit(&team->step, memory_order_acquire) == step)
		futex(&team->step, FUTEX_WAIT, step);
}

void team_end_step(struct team *team)
{
	unsigned step = atomic_load_explicit(&team->step, memory_order_relaxed);

	if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) + 1 == team->members)
		next_step(team);
	else
		wait_for_step_after(team, step);
}

void team_set(atomic_uint *flag)
{
	atomic_store_explicit(flag, 1, memory_order_release);
	futex(flag, FUTEX_WAKE, INT_MAX);
}

void team_wait(atomic_uint *flag)
{
	while (!atomic_load_explicit(flag, memory_order_acquire))
		futex(flag, FUTEX_WAIT, 0);
}

/* The argument of a thread. */
struct team_member {
	struct team *team;
	unsigned number;
	uint8_t *stack;
	atomic_int alive;
};

static int member_main(void *arg)
{
	struct team_member *m = arg;

	fatal_thread_begin(m->number - 1, m->stack, STACK_BYTES);
	/* Wait until the team is complete: that is step 1. */
	wait_for_step_after(m->team, 0);
	m->team->work(m->team, m->number, m->team->context);
	return 0;
}

static bool member_start(struct team_member *m, struct team *team, unsigned number, uint8_t *stack,
	size_t guard)
{
	m->team = team;
	m->number = number;
	m->stack = stack + guard;
	(void)mprotect(stack, guard, PROT_NONE);
	return os_thread(member_main, m, m->stack + STACK_BYTES, &m->alive);
}

/* The kernel wakes for all processes, so this is no private futex. */
static void member_join(struct team_member *m)
{
	while (atomic_load_explicit(&m->alive, memory_order_acquire))
		(void)syscall(SYS_futex, &m->alive, FUTEX_WAIT, 1, NULL, NULL, 0);
}

void team_run(struct team *team, unsigned members,
	void (*work)(struct team *, unsigned member, void *context), void *context)
{
	const size_t guard = os_page_bytes(), each = guard + STACK_BYTES;
	const size_t bytes = (members - 1) * each;
	uint8_t *stacks = MAP_FAILED;
	struct team_member others[TEAM_MAX - 1];

	*team = (struct team){.members = 1, .work = work, .context = context};
	if (members > 1)
		stacks = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
			-1, 0);
	if (stacks != MAP_FAILED) {
		(void)madvise(stacks, bytes, MADV_DONTDUMP);
		while (team->members < members &&
			member_start(&others[team->members - 1], team, team->members,
				stacks + (team->members - 1) * each, guard))
			team->members++;
	}
	next_step(team);
	work(team, 0, context);
	if (stacks == MAP_FAILED)
		return;
	for (unsigned i = 0; i + 1 < team->members; i++) {
		member_join(&others[i]);
		wipe(stacks + i * each + guard, STACK_BYTES);
	}
	fatal_threads_end();
	munmap(stacks, bytes);
}
