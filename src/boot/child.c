/* SPDX-License-Identifier: MIT */
/* child - see child.h. */
#include "boot/child.h"
#include "base/clock.h"
#include "base/os.h"
#include "base/text.h"
#include "secret/arena.h"
#include "secret/fatal.h"
#include "secret/vault.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* @mask is that of before all signals were blocked. */
static _Noreturn void be_child(struct child *c, int out, child_work *work, void *arg, const sigset_t *mask)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM};
	int null;
	enum cause cause;

	fatal_calls(FATAL_TERMINALS, NULL); /* they are the parent's */
	null = os_open("/dev/null", O_RDONLY);
	for (unsigned i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		(void)signal(signals[i], SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	/* Without its parent it is of no use; a mapping that is being made is completed first (map.c). */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	/* ^C on a terminal is for the parent, which restores the terminal. */
	(void)setsid();
	if (null >= 0)
		(void)dup2(null, STDIN_FILENO);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(out, STDERR_FILENO);
	vault_lock();
	cause = arena_open(&c->end->err);
	if (!cause)
		cause = work(arg, c->end, &c->end->err);
	arena_close();
	/* Last: a child that is killed before this has not succeeded. */
	c->end->cause = cause;
	_exit(0);
}

static struct child_end nothing; /* when there is no memory for one */

static bool no_child(struct child *c)
{
	c->end->cause = error_set_os(&c->end->err, CAUSE_RESOURCE, errno, "cannot start a process");
	c->pid = 0;
	return false;
}

bool child_start(struct child *c, child_work *work, void *arg, unsigned limit_s)
{
	sigset_t all, mask;
	int pipe_fds[2];

	if (!c->end || c->end == &nothing) {
		c->end = mmap(NULL, sizeof(*c->end), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			0);
		if (c->end == MAP_FAILED) {
			c->end = &nothing;
			return no_child(c);
		}
	}
	/* The result of a child that is killed before it writes its own. */
	*c->end = (struct child_end){.percent = 0};
	c->end->cause = error_set(&c->end->err, CAUSE_BUG, "a process of latchkey was killed");
	if (pipe2(pipe_fds, O_CLOEXEC))
		return no_child(c);
	/* One that comes before the child has its own handlers would restore the parent's terminals. */
	sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &mask);
	c->pid = _Fork(); /* nothing was registered for fork(3) to run */
	if (!c->pid)
		be_child(c, pipe_fds[1], work, arg, &mask);
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	close(pipe_fds[1]);
	c->fd = pipe_fds[0];
	c->used = 0;
	c->deadline_ms = limit_s ? clock_now_ms() + (uint64_t)limit_s * 1000 : 0;
	if (c->pid > 0)
		return true;
	close(c->fd);
	return no_child(c);
}

/* Pass on the whole lines in the buffer, with @all its rest, too; what is left moves to its front. */
static void handle_lines(struct child *c, bool all, child_line *handle, void *context)
{
	char *end;

	c->line[c->used] = 0;
	while ((end = memchr(c->line, '\n', c->used)) ||
		(c->used && (all || c->used == sizeof(c->line) - 1))) {
		unsigned len = end ? (unsigned)(end - c->line) + 1 : c->used;

		c->line[end ? len - 1 : len] = 0;
		handle(context, c->line);
		c->used -= len;
		memmove(c->line, c->line + len, c->used);
		c->line[c->used] = 0;
	}
}

static void forget(struct child *c)
{
	close(c->fd);
	c->fd = -1;
	c->pid = 0;
}

bool child_listen(struct child *c, child_line *handle, void *context)
{
	ssize_t n = read(c->fd, c->line + c->used, sizeof(c->line) - 1 - c->used);
	int status = 0;

	if (n < 0 && errno == EINTR)
		return false;
	c->used += n > 0 ? (unsigned)n : 0;
	handle_lines(c, n <= 0, handle, context);
	if (n > 0)
		return false;
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		c->end->cause = error_set(&c->end->err, CAUSE_RESOURCE,
			"was killed, probably because the system ran out of memory");
	forget(c);
	return true;
}

void child_clear(struct child *c)
{
	if (c->end && c->end != &nothing)
		(void)munmap(c->end, sizeof(*c->end));
	c->end = NULL;
}

pid_t child_leave(struct child *c)
{
	pid_t pid = c->pid;

	/* It may still write to its memory, so that is not reused. */
	forget(c);
	c->end = NULL;
	return pid;
}

void child_drop(struct child *c)
{
	if (!c->pid)
		return;
	/*
	 * Not SIGKILL, which would leave its secrets in memory. In uninterruptible sleep it does not die yet:
	 * process 1 will reap it.
	 */
	(void)kill(c->pid, SIGTERM);
	(void)waitpid(child_leave(c), NULL, WNOHANG);
}

/* Each says so first and then asks the other: of two at the same time at least one gives way. */
bool child_deliver(struct child_end *end)
{
	end->delivers = true;
	return !end->left;
}

bool child_give_up(const struct child *c)
{
	c->end->left = true;
	if (!c->end->delivers)
		return true;
	c->end->left = false;
	return false;
}

bool child_is_late(struct child *c, uint64_t now_ms)
{
	if (!c->pid || !c->deadline_ms || now_ms < c->deadline_ms || !child_give_up(c))
		return false;
	child_drop(c);
	return true;
}
