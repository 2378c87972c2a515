/* SPDX-License-Identifier: MIT */
/*
 * Tests of what the program leaves in memory when a signal ends it: latchkey and its children run under
 * ptrace. Each thread is stopped when it exits, and everything that it can write is searched for keys.
 */
#include "residue_program.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum how { TEST_KEY_FILE, TEST_TYPED, BOOT_TYPED, BOOT_HALF_TYPED, BOOT_FETCHED };
enum whom { THE_PROGRAM, A_CHILD, A_THREAD, THE_KEYBOARD };

struct situation {
	enum how how;
	enum kdf_kind kind;
	enum whom whom;
	int sig;
};

enum { TASKS_MAX = 64, MATRIX_KIB = 16 << 10, LIMIT_S = 50, BUSY_TICKS = 5 };

static char fifo[64], crypttab[64];

static struct {
	pid_t program;
	int terminal;
	char shown[4096];
	size_t shown_len;
	struct task {
		pid_t id, process;
	} tasks[TASKS_MAX];
	unsigned count;
	int status; /* of the program; -1: it runs */
	bool begun, gone;
	bool sent;     /* before it, threads come and go while the passphrase is needed */
	unsigned ends; /* exits that were looked at */
	size_t left;
	bool forbidden;
	char report[256];
} run;

/* --- the volume ---------------------------------------------------------------------------------- */

/* Cheap to make; its header then asks for more work than there is time for, in several keyslots. */
static void make_endless(enum kdf_kind kind)
{
	const struct kdf cheap = {.kind = kind,
		.hash = HASH_SHA256,
		.iterations = 1,
		.memory_kib = kind == KDF_PBKDF2 ? 0 : MATRIX_KIB,
		.lanes = kind == KDF_PBKDF2 ? 0 : 4};
	struct luks *luks;

	make(&cheap);
	luks = &made->img.luks;
	luks->keyslots[0].kdf.iterations = kind == KDF_PBKDF2 ? 1u << 31 : 1u << 20;
	for (luks->keyslot_count = 1; luks->keyslot_count < 3; luks->keyslot_count++) {
		struct luks_keyslot *slot = &luks->keyslots[luks->keyslot_count];

		*slot = luks->keyslots[0];
		slot->id = 2 + luks->keyslot_count;
		slot->area_off += luks->keyslot_count * (uint64_t)IMAGE_AREA_BYTES;
	}
	luks2_write(&made->img, volume);
}

static void put_passphrase(int fd, size_t len)
{
	uint8_t p[PASSPHRASE_BYTES];

	for (size_t i = 0; i < len; i++)
		p[i] = made->passphrase[1][i] ^ MASK;
	assert_int_equal(write(fd, p, len), len);
	explicit_bzero(p, sizeof(p));
}

static void write_files(const struct situation *s)
{
	FILE *f = fopen(crypttab, "w");
	int fd = open(key_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_non_null(f);
	fprintf(f, "vol %s %s luks,max-time=1000000,no-stick\n", volume,
		s->how == BOOT_FETCHED ? fifo : "none");
	fclose(f);
	put_passphrase(fd, PASSPHRASE_BYTES);
	close(fd);
}

/* --- the tasks under ptrace ----------------------------------------------------------------------- */

static void be_the_program(const struct situation *s, const char *terminal)
{
	int fd;

	setsid();
	fd = open(terminal, O_RDWR);
	if (ioctl(fd, TIOCSCTTY, 0))
		_exit(100);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	for (int sig = 1; sig < 32; sig++)
		(void)signal(sig, SIG_DFL);
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))
		_exit(101);
	if (s->how == TEST_KEY_FILE)
		execl(program, program, "test", "--max-time", "1000000", "--key-file", key_file, volume,
			NULL);
	else if (s->how == TEST_TYPED)
		execl(program, program, "test", "--max-time", "1000000", volume, NULL);
	else
		execl(program, program, "boot", "--test", "--cmdline", " ", "--config", "/dev/null",
			"--crypttab", crypttab, NULL);
	_exit(102);
}

static void start_program(const struct situation *s)
{
	char slave[64];
	int status;

	memset(&run, 0, sizeof(run));
	run.status = -1;
	run.terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	assert_true(run.terminal >= 0);
	assert_int_equal(grantpt(run.terminal) | unlockpt(run.terminal), 0);
	strcpy(slave, ptsname(run.terminal));
	run.program = unit_fork();
	if (!run.program)
		be_the_program(s, slave);
	run.tasks[run.count++] = (struct task){run.program, run.program};
	assert_int_equal(waitpid(run.program, &status, 0), run.program);
	if (!WIFSTOPPED(status) ||
		ptrace(PTRACE_SETOPTIONS, run.program, 0,
			PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_TRACEFORK |
				PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORK))
		SKIP("the kernel does not let this user look into the program: it takes root");
	ptrace(PTRACE_CONT, run.program, 0, 0);
}

static pid_t process_of(pid_t task)
{
	for (unsigned i = 0; i < run.count; i++)
		if (run.tasks[i].id == task)
			return run.tasks[i].process;
	return task;
}

/* Bytes of Argon2's matrix, if there is one, that are not zero. */
static size_t matrix_bytes(pid_t task)
{
	static struct mapping m[512];
	static uint8_t buf[1 << 20];
	char maps[64];
	size_t count, others = 0;

	snprintf(maps, sizeof(maps), "/proc/%d/maps", (int)task);
	count = residue_mappings(maps, m, COUNT(m));
	for (size_t i = 0; i < count; i++) {
		if (*m[i].name || m[i].high - m[i].low < (MATRIX_KIB << 10))
			continue;
		for (uintptr_t at = m[i].low; at < m[i].high; at += sizeof(buf)) {
			struct iovec here = {buf, sizeof(buf)}, there = {(void *)at, sizeof(buf)};
			ssize_t n = process_vm_readv(task, &here, 1, &there, 1, 0);

			others += n > 0 ? unit_others(buf, 0, (size_t)n) : 0;
		}
	}
	return others;
}

static void look_at_exit(pid_t task)
{
	char report[sizeof(run.report) - 80] = "";
	size_t found, matrix = matrix_bytes(task);

	/* What children share with the program that goes on is not theirs to wipe. */
	run.gone |= task == run.program;
	residue_private_only = !run.gone;
	found = scan_all(task, report, sizeof(report));
	residue_private_only = false;

	run.ends++;
	if (found == SIZE_MAX) {
		run.forbidden = true;
		return;
	}
	if (!run.left && found + matrix)
		snprintf(run.report, sizeof(run.report), "%s, %zu bytes of the matrix; %s", report, matrix,
			task == run.program ? "the program" : "a child or thread");
	run.left += found + matrix;
}

static void forget(pid_t task)
{
	for (unsigned i = 0; i < run.count; i++)
		if (run.tasks[i].id == task)
			run.tasks[i] = run.tasks[--run.count];
}

static void handle(pid_t task, int status)
{
	unsigned event = (unsigned)status >> 16;
	unsigned long message;
	int sig = 0;

	if (!WIFSTOPPED(status)) {
		forget(task);
		if (task == run.program)
			run.status = status;
		return;
	}
	run.begun |= event == PTRACE_EVENT_EXEC;
	if (event == PTRACE_EVENT_EXIT) {
		if (run.sent)
			look_at_exit(task);
	} else if ((event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK ||
			   event == PTRACE_EVENT_VFORK) &&
		   run.count < TASKS_MAX && !ptrace(PTRACE_GETEVENTMSG, task, 0, &message)) {
		run.tasks[run.count++] = (struct task){(pid_t)message,
			event == PTRACE_EVENT_CLONE ? process_of(task) : (pid_t)message};
	} else if (!event && WSTOPSIG(status) != SIGSTOP) {
		sig = WSTOPSIG(status);
	}
	ptrace(PTRACE_CONT, task, 0, sig);
}

/* What has happened since the last call. False: all have ended. */
static bool pump(void)
{
	ssize_t n = read(run.terminal, run.shown + run.shown_len, sizeof(run.shown) - 1 - run.shown_len);
	int status;
	pid_t task;

	run.shown_len += n > 0 ? (size_t)n : 0;
	while ((task = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		handle(task, status);
	if (!task)
		usleep(5000);
	return task == 0;
}

/* --- when and whom ------------------------------------------------------------------------------- */

static unsigned ticks(pid_t task)
{
	char path[64], text[512] = "";
	unsigned long user = 0;
	char *behind;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)task);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	(void)!read(fd, text, sizeof(text) - 1);
	close(fd);
	behind = strrchr(text, ')');
	if (behind)
		(void)sscanf(behind + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu", &user);
	return (unsigned)user;
}

static bool holds(pid_t process)
{
	size_t found = scan_all(process, NULL, 0);

	return found && found != SIZE_MAX;
}

/* The process that has the passphrase, and by its work seems to derive a key where @derives; 0: none yet. */
static pid_t find_holder(bool derives)
{
	for (unsigned i = run.count; run.begun && i-- > 0;) {
		const struct task *t = &run.tasks[i];

		if (t->id == t->process && (!derives || ticks(t->id) >= BUSY_TICKS) && holds(t->id))
			return t->id;
	}
	return 0;
}

static pid_t find_thread(pid_t process)
{
	for (unsigned i = 0; i < run.count; i++)
		if (run.tasks[i].process == process && run.tasks[i].id != process)
			return run.tasks[i].id;
	return 0;
}

static void type_when_asked(const struct situation *s)
{
	while (!strstr(run.shown, "Enter passphrase for"))
		if (!pump())
			fail_msg("it has ended: %s", run.shown);
	put_passphrase(run.terminal, s->how == BOOT_HALF_TYPED ? PASSPHRASE_BYTES / 2 : PASSPHRASE_BYTES);
	if (s->how != BOOT_HALF_TYPED)
		assert_int_equal(write(run.terminal, "\n", 1), 1);
}

static void send(const struct situation *s, pid_t holder)
{
	static const char interrupt = 'C' - '@';

	run.sent = true;
	switch (s->whom) {
	case THE_PROGRAM:
		assert_int_equal(kill(run.program, s->sig), 0);
		break;
	case A_CHILD:
		if (holder == run.program)
			fail_msg("no child has the passphrase: %s", run.shown);
		assert_int_equal(kill(holder, s->sig), 0);
		break;
	case A_THREAD:
		/* Without a second processor there is no thread: the first one does it all. */
		assert_int_equal(syscall(SYS_tgkill, holder,
					 find_thread(holder) ? find_thread(holder) : holder, s->sig),
			0);
		break;
	case THE_KEYBOARD:
		assert_int_equal(write(run.terminal, &interrupt, 1), 1);
		break;
	}
}

static void assert_nothing_left(const struct situation *s)
{
	bool derives = s->how != BOOT_HALF_TYPED && s->how != BOOT_FETCHED;
	int keys = open(fifo, O_RDWR | O_CLOEXEC), status;
	pid_t holder;

	make_endless(s->kind);
	write_files(s);
	start_program(s);
	if (s->how == BOOT_FETCHED)
		put_passphrase(keys, PASSPHRASE_BYTES);
	else if (s->how != TEST_KEY_FILE)
		type_when_asked(s);
	while (!(holder = find_holder(derives)))
		if (!pump())
			fail_msg("it has ended: %s", run.shown);
	send(s, holder);
	while (pump()) {
		/* When a child was meant, boot goes on without it. */
		if (s->whom == A_CHILD && kill(holder, 0) && run.status == -1)
			kill(run.program, SIGTERM);
	}
	status = run.status;
	close(run.terminal);
	close(keys);
	if (run.forbidden)
		SKIP("the kernel does not let this user look into the program: it takes root");
	if (s->whom != A_CHILD) {
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), s->sig);
	}
	assert_true(run.ends > 0);
	if (run.left)
		fail_msg("%zu pieces: %s", run.left, run.report);
}

static void assert_each(const struct situation *s, size_t n)
{
	if (UNIT_SANITIZED)
		SKIP("this is about the program that is shipped, not the one with the sanitizers");
	if (access(program, X_OK))
		SKIP("the program is not built: make all");
	if (geteuid())
		SKIP("the kernel does not let this user look into the program: it takes root");
	for (size_t i = 0; i < n; i++)
		assert_nothing_left(&s[i]);
}

#define EACH(...)                                                                                            \
	do {                                                                                                 \
		static const struct situation all[] = {__VA_ARGS__};                                         \
		assert_each(all, COUNT(all));                                                                \
	} while (0)

TEST(a_signal_while_a_key_file_is_tried_leaves_it)
{
	EACH({TEST_KEY_FILE, KDF_PBKDF2, THE_PROGRAM, SIGTERM},
		{TEST_KEY_FILE, KDF_ARGON2ID, THE_PROGRAM, SIGINT});
}

TEST(an_interrupt_while_a_passphrase_is_tried_leaves_it)
{
	EACH({TEST_TYPED, KDF_PBKDF2, THE_KEYBOARD, SIGINT},
		{TEST_TYPED, KDF_ARGON2ID, THE_KEYBOARD, SIGINT});
}

TEST(a_signal_while_boot_tries_a_passphrase_leaves_it)
{
	EACH({BOOT_TYPED, KDF_PBKDF2, THE_PROGRAM, SIGTERM}, {BOOT_TYPED, KDF_ARGON2ID, THE_PROGRAM, SIGHUP});
}

TEST(a_signal_leaves_half_a_line)
{
	EACH({BOOT_HALF_TYPED, KDF_PBKDF2, THE_PROGRAM, SIGTERM},
		{BOOT_HALF_TYPED, KDF_PBKDF2, THE_KEYBOARD, SIGINT},
		{BOOT_HALF_TYPED, KDF_PBKDF2, THE_PROGRAM, SIGQUIT},
		{BOOT_HALF_TYPED, KDF_PBKDF2, THE_PROGRAM, SIGABRT});
}

TEST(an_attempt_that_is_ended_leaves_its_matrix)
{
	EACH({BOOT_TYPED, KDF_ARGON2ID, A_CHILD, SIGTERM}, {BOOT_TYPED, KDF_PBKDF2, A_CHILD, SIGTERM});
}

TEST(a_fetch_that_is_ended_leaves_the_key_that_it_has_read)
{
	EACH({BOOT_FETCHED, KDF_PBKDF2, A_CHILD, SIGTERM}, {BOOT_FETCHED, KDF_PBKDF2, THE_PROGRAM, SIGTERM});
}

TEST(a_fault_leaves_what_it_worked_on)
{
	EACH({TEST_KEY_FILE, KDF_ARGON2ID, A_THREAD, SIGSEGV}, {TEST_KEY_FILE, KDF_PBKDF2, A_THREAD, SIGBUS},
		{TEST_KEY_FILE, KDF_ARGON2ID, THE_PROGRAM, SIGSEGV});
}

TEST(a_signal_that_is_seldom_sent_leaves_it)
{
	EACH({TEST_KEY_FILE, KDF_PBKDF2, THE_PROGRAM, SIGXCPU},
		{TEST_KEY_FILE, KDF_PBKDF2, THE_PROGRAM, SIGILL},
		{TEST_KEY_FILE, KDF_PBKDF2, THE_PROGRAM, SIGUSR1},
		{TEST_KEY_FILE, KDF_ARGON2ID, THE_PROGRAM, SIGVTALRM},
		{BOOT_HALF_TYPED, KDF_PBKDF2, THE_PROGRAM, SIGIO}, {BOOT_TYPED, KDF_PBKDF2, A_CHILD, SIGSYS},
		{TEST_KEY_FILE, KDF_PBKDF2, THE_PROGRAM, 63});
}

static int start(void **state)
{
	if (residue_start(state))
		return -1;
	snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	snprintf(crypttab, sizeof(crypttab), "%s/crypttab", folder);
	return mkfifo(fifo, 0600);
}

static int end(void **state)
{
	(void)unlink(fifo);
	(void)unlink(crypttab);
	return residue_end(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_while_a_key_file_is_tried_leaves_it),
		cmocka_unit_test(an_interrupt_while_a_passphrase_is_tried_leaves_it),
		cmocka_unit_test(a_signal_while_boot_tries_a_passphrase_leaves_it),
		cmocka_unit_test(a_signal_leaves_half_a_line),
		cmocka_unit_test(an_attempt_that_is_ended_leaves_its_matrix),
		cmocka_unit_test(a_fetch_that_is_ended_leaves_the_key_that_it_has_read),
		cmocka_unit_test(a_fault_leaves_what_it_worked_on),
		cmocka_unit_test(a_signal_that_is_seldom_sent_leaves_it),
	};

	return cmocka_run_group_tests(tests, start, end);
}
