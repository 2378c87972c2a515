/* SPDX-License-Identifier: MIT */
/* Tests of token/filter: what a token program may still ask of the kernel. */
#include "unit.h"
#include "token/filter.h"
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Machines without it: one that is never let through. */
#ifndef SYS_socketcall
#define SYS_socketcall SYS_listen
#endif

enum what {
	WRITE,
	MAP,
	OPEN,
	FORK,
	INTERNET,
	INTERNET6,
	LOCAL,
	NETLINK,
	LISTEN,
	SOCKETCALL,
	SEND_TO,
	CONNECT,
	CLOSE,
	WHATS
};

static void call(enum what what)
{
	switch (what) {
	case WRITE:
		(void)!syscall(SYS_write, -1, NULL, 0);
		break;
	case MAP:
		(void)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		break;
	case OPEN:
		(void)syscall(SYS_openat, -1, "/dev/null", 0);
		break;
	case FORK:
		(void)syscall(SYS_clone, 0x80000000 /* no such flag: it fails, if it is let through */, 0, 0,
			0, 0);
		break;
	case INTERNET:
		(void)socket(AF_INET, SOCK_STREAM, 0);
		break;
	case INTERNET6:
		(void)socket(AF_INET6, SOCK_STREAM, 0);
		break;
	case LOCAL:
		(void)socket(AF_UNIX, SOCK_STREAM, 0);
		break;
	case NETLINK:
		(void)socket(AF_NETLINK, SOCK_RAW, 0);
		break;
	case LISTEN:
		(void)listen(-1, 1);
		break;
	case SOCKETCALL:
		(void)syscall(SYS_socketcall, 1 /* socket */, (long[]){AF_UNIX, SOCK_STREAM, 0});
		break;
	case SEND_TO:
		(void)sendto(-1, NULL, 0, 0, NULL, 0);
		break;
	case CONNECT:
		(void)connect(-1, NULL, 0);
		break;
	case CLOSE:
		(void)close(-1);
		break;
	case WHATS:
		break;
	}
}

/* Is the process killed that makes this call behind this filter? */
static bool kills(enum filter which, enum what what)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		const struct rlimit none = {0, 0};

		(void)setrlimit(RLIMIT_CORE, &none);
		(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		filter_install(which);
		call(what);
		syscall(SYS_exit_group, 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) || WTERMSIG(status) == SIGSYS);
	return WIFSIGNALED(status);
}

TEST(a_filter_lets_through_what_it_should_not)
{
	static const struct {
		enum filter which;
		const char *killed; /* X, in the order of enum what */
	} rows[] = {
		{FILTER_BARE, "-XXXXXXXXXXXX"},
		{FILTER_WITH_MEMORY, "--XXXXXXXXXXX"},
		{FILTER_WITH_THREADS, "----XXXXXXXXX"},
		{FILTER_WITH_NETWORK, "--XX--XXXXX--"},
	};

	SKIP_EMULATED("filters");
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		SKIP("the kernel has no seccomp");
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int what = 0; what < WHATS; what++)
			if (kills(rows[i].which, (enum what)what) != (rows[i].killed[what] == 'X'))
				fail_msg("filter %d, call %d", rows[i].which, what);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_lets_through_what_it_should_not),
	};

	return cmocka_run_group_tests_name("token_filter", tests, NULL, NULL);
}
