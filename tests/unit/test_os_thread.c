/* SPDX-License-Identifier: MIT */
/* A thread of the process, and no more: with the process it ends. */
#include "unit.h"

#include "base/os.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_BYTES = 64 << 10 };

static atomic_int alive;
static pid_t process, thread;

static uint8_t *new_stack(void)
{
	uint8_t *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(stack, MAP_FAILED);
	return stack + STACK_BYTES;
}

static int tell(void *arg)
{
	process = (pid_t)syscall(SYS_getpid);
	thread = (pid_t)syscall(SYS_gettid);
	return *(int *)arg;
}

TEST(a_thread_is_a_process_or_its_end_is_not_told)
{
	int number = 7;

	assert_true(os_thread(tell, &number, new_stack(), &alive));
	while (atomic_load(&alive))
		(void)syscall(SYS_futex, &alive, 0 /* FUTEX_WAIT */, 1, NULL, NULL, 0);
	assert_int_equal(process, getpid());
	assert_int_not_equal(thread, getpid());
}

static int never_ends(void *arg)
{
	ssize_t told = syscall(SYS_write, *(int *)arg, "", 1);

	while (told == 1)
		pause();
	return 1;
}

TEST(a_thread_outlives_a_process_that_is_killed)
{
	int ends[2], status;
	pid_t child;
	char c;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		close(ends[0]);
		if (!os_thread(never_ends, &ends[1], new_stack(), &alive))
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &c, 1), 1);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	/* The end of the file: no one has the other end any more. A test that fails stays here. */
	(void)alarm(20);
	assert_int_equal(read(ends[0], &c, 1), 0);
	(void)alarm(0);
	close(ends[0]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_is_a_process_or_its_end_is_not_told),
		cmocka_unit_test(a_thread_outlives_a_process_that_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
