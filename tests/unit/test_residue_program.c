/* SPDX-License-Identifier: MIT */
/*
 * Tests of what the program itself leaves in memory: `latchkey test` runs under ptrace. Each mapping that it
 * gives back is searched for keys first, and everything that it can write when it exits.
 */
#include "residue_program.h"
#include <elf.h>
#include <sys/syscall.h>
#include <linux/ptrace.h>

/* --- the program under ptrace ------------------------------------------------------------------------ */

enum input { FROM_KEY_FILE, FROM_PIPE };

struct run {
	int exit_code;
	unsigned given_back;           /* mappings */
	size_t seen, left_in, left_at; /* pieces: while it ran; in what it gave back; at the exit */
	char report[256];
};

/* The passphrase as a file or in a pipe; both are written and closed by a child that forgets them. */
static int give(enum input input, bool right)
{
	int fd[2], status;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = unit_fork();
	if (!pid) {
		uint8_t p[PASSPHRASE_BYTES];
		int to = input == FROM_PIPE ? fd[1] : open(key_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		for (int i = 0; i < PASSPHRASE_BYTES; i++)
			p[i] = made->passphrase[right][i] ^ MASK;
		_exit(write(to, p, sizeof(p)) != sizeof(p));
	}
	close(fd[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return fd[0];
}

static void be_the_program(enum input input, int in)
{
	int null = open("/dev/null", O_RDWR);

	dup2(in, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))
		_exit(101);
	if (input == FROM_PIPE)
		execl(program, program, "test", volume, (char *)NULL);
	else
		execl(program, program, "test", "--key-file", key_file, volume, (char *)NULL);
	_exit(102);
}

/* The program has stopped on its way into a system call. */
static bool look(pid_t pid, const struct ptrace_syscall_info *call, struct run *r)
{
	size_t found = 0;

	if (call->op != PTRACE_SYSCALL_INFO_ENTRY)
		return true;
	switch (call->entry.nr) {
	case SYS_munmap:
		r->given_back++;
		found = scan(pid, call->entry.args[0], call->entry.args[0] + call->entry.args[1],
			"memory that is given back", r->left_in ? NULL : r->report, sizeof(r->report));
		r->left_in += found == SIZE_MAX ? 0 : found;
		break;
	case SYS_exit_group:
		found = scan_all(pid, r->left_at || r->left_in ? NULL : r->report, sizeof(r->report));
		r->left_at = found;
		break;
	case SYS_close:
	case SYS_pread64:
		/* The key file has been read, or a keyslot area is about to be. */
		found = scan_all(pid, NULL, 0);
		r->seen += found == SIZE_MAX ? 0 : found;
		break;
	}
	return found != SIZE_MAX;
}

/* False: the kernel does not let us look. */
static bool follow(pid_t pid, struct run *r)
{
	struct ptrace_syscall_info call;
	bool allowed = true;
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSTOPPED(status) || ptrace(PTRACE_SETOPTIONS, pid, 0,
					   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC))
		return false;
	for (int sig = 0; !ptrace(PTRACE_SYSCALL, pid, 0, sig); sig = 0) {
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			r->exit_code = WEXITSTATUS(status);
			return allowed;
		}
		if (!WIFSTOPPED(status))
			return false;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call), &call) <= 0)
				return false;
			allowed = look(pid, &call, r) && allowed;
		} else if (WSTOPSIG(status) != SIGTRAP) {
			sig = WSTOPSIG(status);
		}
	}
	return false;
}

static void assert_leaves_nothing(enum input input, bool right)
{
	struct run r = {.exit_code = -1};
	int in = give(input, right);
	pid_t pid = unit_fork();

	if (!pid)
		be_the_program(input, in);
	close(in);
	if (!follow(pid, &r)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		SKIP("the kernel does not let this user look into the program: it takes root");
	}
	assert_int_equal(r.exit_code, right ? CAUSE_OK : CAUSE_PASSPHRASE);
	/* While it was needed, it was there: the search finds what it looks for. */
	assert_true(r.seen > 0);
	assert_true(r.given_back >= 1);
	if (r.left_in || r.left_at)
		fail_msg("%zu pieces given back, %zu at the exit; the first: %s", r.left_in, r.left_at,
			r.report);
}

static void assert_all_ways(const struct kdf *kdf)
{
	if (UNIT_SANITIZED)
		SKIP("this is about the program that is shipped, not the one with the sanitizers");
	if (access(program, X_OK))
		SKIP("the program is not built: make all");
	make(kdf);
	for (int right = 0; right < 2; right++) {
		assert_leaves_nothing(FROM_KEY_FILE, right);
		assert_leaves_nothing(FROM_PIPE, right);
	}
}

TEST(the_program_leaves_a_key_of_pbkdf2)
{
	const struct kdf kdf = {.kind = KDF_PBKDF2, .hash = HASH_SHA256, .iterations = 1000};

	assert_all_ways(&kdf);
}

TEST(the_program_leaves_a_key_of_argon2)
{
	const struct kdf kdf = {.kind = KDF_ARGON2ID, .iterations = 1, .memory_kib = 64, .lanes = 1};

	assert_all_ways(&kdf);
}

TEST(the_program_leaves_a_key_of_argon2_with_threads)
{
	const struct kdf kdf = {.kind = KDF_ARGON2ID, .iterations = 2, .memory_kib = 256, .lanes = 4};

	assert_all_ways(&kdf);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_program_leaves_a_key_of_pbkdf2),
		cmocka_unit_test(the_program_leaves_a_key_of_argon2),
		cmocka_unit_test(the_program_leaves_a_key_of_argon2_with_threads),
	};

	return cmocka_run_group_tests(tests, residue_start, residue_end);
}
