/* SPDX-License-Identifier: MIT */
/* token_program - see token_program.h. */
#include "unlock/token_program.h"
#include "base/clock.h"
#include "base/os.h"
#include "base/text.h"
#include "config/words.h"
#include "secret/fatal.h"
#include "secret/wipe.h"
#include <errno.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* Time from one line to the next, from the wish that it ends to SIGKILL, and between two looks at it. */
enum { USUAL_MS = 30000, PATIENT_MS = 60000, LEAVING_MS = 500, LOOK_MS = 1000, ENDING_MS = 20 };
enum { REST_BYTES = 64 << 10 }; /* of a pipe */
/* Of messages that are shown, and of all, where a question counts as many: a program must come to its end. */
enum { LINES_MAX = 20, LINES_PATIENCE = 4096, QUESTION_LINES = 64 };
enum { PASSPHRASE = 1, LINES = 2, DESCRIPTORS = 5 };

bool token_program_path(const struct luks_token *t, char path[static TOKEN_PROGRAM_BYTES])
{
	enum { TYPE_MAX_CHARS = 32 };
	size_t len = strspn(t->type, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (!len || len > TYPE_MAX_CHARS || *t->type == '-' || t->type[len])
		return false;
	text_format(path, TOKEN_PROGRAM_BYTES, "/lib/latchkey/token/%s", t->type);
	return true;
}

bool token_program(const struct luks_token *t, char path[static TOKEN_PROGRAM_BYTES])
{
	return token_program_path(t, path) && !access(path, X_OK);
}

/* --- in the process that becomes the program ------------------------------------------------- */

/* Without root's rights there are none to give up. */
static bool is_confined(bool network)
{
	static const struct {
		unsigned what, most;
	} limits[] = {{RLIMIT_CORE, 0}, {RLIMIT_NOFILE, 32}, {RLIMIT_NPROC, 64}, {RLIMIT_MEMLOCK, 1 << 20},
		{RLIMIT_FSIZE, TOKEN_SECRET_MAX_BYTES + 1}};
	bool root = !geteuid();
	int oom;

	(void)setsid();
	/* Keys of ours, such as a cached passphrase, are in the keyring that it would share. */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	/* When memory runs out it goes first. */
	oom = os_open("/proc/self/oom_score_adj", O_WRONLY);
	text_print(oom, "1000");
	close(oom);
	for (unsigned i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		(void)prlimit(0, (int)limits[i].what, &(struct rlimit){limits[i].most, limits[i].most}, NULL);
	/* Without root's rights, or in a kernel without namespaces, it keeps ours. */
	if (!network)
		(void)unshare(CLONE_NEWNET);
	(void)unshare(CLONE_NEWIPC);
	if (root && !os_become_nobody())
		return false;
	/* Last: a change of the user takes it back. */
	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) &&
	       !chdir("/");
}

static _Noreturn void become(const struct token_run *t, int passphrase, int lines, int text)
{
	enum { ABOVE = 16, LAST = 1024 };
	char *const argv[] = {(char *)(uintptr_t)t->program, NULL}, *const environment[] = {NULL};
	const int fds[DESCRIPTORS] = {t->answers, passphrase, lines, text, t->device};
	int high[DESCRIPTORS];

	for (int i = 0; i < DESCRIPTORS; i++)
		high[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD, ABOVE);
	for (int i = 0; i < DESCRIPTORS; i++)
		if (high[i] < 0 || dup2(high[i], i) < 0)
			(void)close(i);
	if (syscall(SYS_close_range, DESCRIPTORS, ~0U, 0))
		for (int i = DESCRIPTORS; i < LAST; i++)
			(void)close(i);
	if (is_confined(t->network))
		(void)execve(t->program, argv, environment);
	text_print(LINES, "say %s: cannot be started: %s\n", t->program, text_errno(errno));
	_exit(CAUSE_UNSUPPORTED);
}

/* --- in the process that watches it --------------------------------------------------------- */

struct run {
	const struct token_run *what;
	pid_t pid;
	int lines;                             /* -1: at their end */
	char buffer[TOKEN_LINE_MAX_BYTES + 1]; /* of a line that is not complete */
	char last[TOKEN_LINE_MAX_BYTES + 1];   /* what it said and was not passed on yet */
	size_t used;
	unsigned shown;
	uint64_t deadline_ms;
	unsigned patience; /* with its lines */
	bool leaving;
	const char *dismissed; /* why, before its own end; NULL: it was not */
};

/* It is to end: by itself, or else by SIGKILL. @why: for the result. */
static void dismiss(struct run *r, const char *why)
{
	if (r->leaving) {
		(void)kill(r->pid, SIGKILL);
		r->deadline_ms = UINT64_MAX;
		return;
	}
	r->leaving = true;
	r->dismissed = why;
	r->deadline_ms = clock_now_ms() + LEAVING_MS;
	(void)shutdown(r->what->answers, SHUT_RDWR);
}

bool token_program_waits(const char *line)
{
	return !strcmp(line, "touch") || words_begins(line, "wait ");
}

/* Too many messages are left out, a question never: the program waits for its answer. */
static void pass_on(struct run *r, const char *line, bool asks)
{
	if (*line && (asks || r->shown++ < LINES_MAX) && r->what->line(r->what->context, line))
		r->deadline_ms = clock_now_ms() + USUAL_MS;
}

/* What it says last of all is for the result. */
static void handle_line(struct run *r)
{
	char line[TOKEN_LINE_MAX_BYTES + 1];
	unsigned cost;
	bool asks, waits;

	memcpy(line, r->buffer, r->used);
	line[r->used] = 0;
	r->used = 0;
	text_sanitize(line);
	pass_on(r, r->last, false);
	*r->last = 0;
	if (r->leaving)
		return;
	asks = words_begins(line, "pin ") || words_begins(line, "few ");
	cost = asks ? QUESTION_LINES : 1;
	if (cost > r->patience) {
		dismiss(r, "wrote too much");
		return;
	}
	r->patience -= cost;
	waits = token_program_waits(line);
	r->deadline_ms = asks ? UINT64_MAX : clock_now_ms() + (waits ? PATIENT_MS : USUAL_MS);
	if (asks || waits || words_begins(line, "need "))
		pass_on(r, line, asks);
	else
		memcpy(r->last, line, sizeof(line));
}

static void hear(struct run *r)
{
	char c;
	ssize_t n = read(r->lines, &c, 1);

	if (n == 1 && c != '\n')
		r->buffer[r->used++] = c;
	if (r->used && (n != 1 || c == '\n' || r->used == TOKEN_LINE_MAX_BYTES))
		handle_line(r);
	if (n == 1)
		return;
	close(r->lines);
	r->lines = -1;
}

/* Until it has ended. Returns its status. */
static int watch(struct run *r)
{
	/* Also when our caller ends it by shutdown(2): whether it then exits or needs SIGKILL is chance. */
	static const char late[] = "did not answer in time";
	int status = 0;

	while (!waitpid(r->pid, &status, WNOHANG)) {
		struct pollfd p[] = {{.fd = r->lines, .events = POLLIN},
			{.fd = r->leaving ? -1 : r->what->answers}};
		uint64_t now_ms = clock_now_ms();
		int wait_ms = r->lines < 0 ? ENDING_MS : LOOK_MS;

		if (now_ms >= r->deadline_ms) {
			dismiss(r, late);
		} else if (r->deadline_ms - now_ms < (uint64_t)wait_ms) {
			wait_ms = (int)(r->deadline_ms - now_ms);
		}
		if (poll(p, 2, wait_ms) > 0 && p[0].revents)
			hear(r);
		if (p[1].revents & POLLHUP && !r->leaving)
			dismiss(r, late);
	}
	/* What a script has left behind in its group ends with it. All it said is in the pipe. */
	(void)kill(-r->pid, SIGKILL);
	for (unsigned n = 0; n < REST_BYTES && r->lines >= 0 &&
			     poll(&(struct pollfd){.fd = r->lines, .events = POLLIN}, 1, 0) > 0;
		n++)
		hear(r);
	close(r->lines);
	return status;
}

static struct {
	pid_t pid;
	int answers;
} running;

/* A signal ends this process. The program has the usual time to take back what it asked of its device. */
static void end_running(void)
{
	(void)shutdown(running.answers, SHUT_RDWR);
	for (int ms = 0; ms < LEAVING_MS && !waitpid(running.pid, NULL, WNOHANG); ms += ENDING_MS)
		(void)poll(NULL, 0, ENDING_MS);
	(void)kill(-running.pid, SIGKILL);
}

static enum cause judge(struct run *r, int status, struct error *err)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : CAUSE_BUG;

	if (r->dismissed)
		return error_set(err, CAUSE_DEVICE, "%s", r->dismissed);
	if (!code) {
		pass_on(r, r->last, false);
		return CAUSE_OK;
	}
	if (code == CAUSE_USAGE || code == CAUSE_EXISTS || code > CAUSE_UNSUPPORTED)
		code = CAUSE_BUG;
	return error_set(err, (enum cause)code, "%s",
		*r->last ? r->last + words_begins(r->last, "say ") : "gave no passphrase");
}

/* --- its passphrase --------------------------------------------------------------------------- */

/*
 * Descriptor 1 is a file in memory: other than a pipe, it can be locked and wiped. How much there is tells
 * its offset, which the program shares.
 */
static enum cause take(int fd, struct secret *out, struct error *err)
{
	off_t end = lseek(fd, 0, SEEK_CUR);
	ssize_t n;

	if (end < 1 || end > TOKEN_SECRET_MAX_BYTES)
		return error_set(err, CAUSE_BUG, "gave %s",
			end < 1 ? "no passphrase" : "more than 512 bytes");
	n = pread(fd, out->data, (size_t)end, 0);
	out->len = n < 0 ? 0 : (size_t)n;
	return n == end ? CAUSE_OK : error_set(err, CAUSE_BUG, "its passphrase cannot be read");
}

static void forget(int fd)
{
	const uint8_t zero[TOKEN_SECRET_MAX_BYTES + 1] = {0};

	/* A program can make the file shorter, which frees what was there. */
	if (!lseek(fd, 0, SEEK_SET))
		(void)!write(fd, zero, sizeof(zero));
	close(fd);
}

static int memory_file(const void *content, size_t len)
{
	int fd = (int)syscall(SYS_memfd_create, "latchkey token", 1 /* MFD_CLOEXEC */);

	if (fd >= 0 && (!text_write(fd, content, len) || lseek(fd, 0, SEEK_SET))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Locked through a mapping that is not looked at: what the program does to the file cannot harm us. */
static int passphrase_file(void **lock)
{
	const uint8_t zero[TOKEN_SECRET_MAX_BYTES + 1] = {0};
	int fd = memory_file(zero, sizeof(zero));

	*lock = mmap(NULL, sizeof(zero), PROT_READ, MAP_SHARED, fd, 0);
	if (*lock != MAP_FAILED)
		(void)mlock(*lock, sizeof(zero));
	return fd;
}

/* With process numbers of its own, all that it has started ends with it. Not every kernel has them. */
static pid_t fork_apart(void)
{
	/* struct clone_args of linux/sched.h: flags first, exit_signal fifth, 64 bytes in all. */
	uint64_t how[8] = {CLONE_NEWPID, [4] = SIGCHLD};
	pid_t pid = (pid_t)syscall(SYS_clone3, how, sizeof(how));

	return pid < 0 ? _Fork() : pid;
}

static enum cause run_with(const struct token_run *t, int passphrase, int text, struct secret *out,
	struct error *err)
{
	struct run r = {.what = t, .patience = LINES_PATIENCE, .deadline_ms = clock_now_ms() + USUAL_MS};
	int lines[2];
	enum cause cause;

	if (passphrase < 0 || text < 0 || pipe2(lines, O_CLOEXEC))
		return error_set_os(err, CAUSE_RESOURCE, errno, "cannot start a process");
	r.pid = fork_apart();
	if (!r.pid)
		become(t, passphrase, lines[1], text);
	close(lines[1]);
	r.lines = lines[0];
	if (r.pid < 0) {
		close(lines[0]);
		return error_set_os(err, CAUSE_RESOURCE, errno, "cannot start a process");
	}
	running.pid = r.pid;
	running.answers = t->answers;
	fatal_calls(FATAL_TOKEN, end_running);
	cause = judge(&r, watch(&r), err);
	fatal_calls(FATAL_TOKEN, NULL);
	return cause || !out ? cause : take(passphrase, out, err);
}

enum cause token_program_run(const struct token_run *t, struct secret *out, struct error *err)
{
	void *lock;
	int passphrase = passphrase_file(&lock), text = memory_file(t->text, t->len);
	enum cause cause = run_with(t, passphrase, text, out, err);

	forget(passphrase);
	close(text);
	if (lock != MAP_FAILED)
		(void)munmap(lock, TOKEN_SECRET_MAX_BYTES + 1);
	return cause;
}
