/* SPDX-License-Identifier: MIT */
/* run_latchkey - see run_latchkey.h. */
#include "init/run_latchkey.h"
#include "init/actions.h"
#include "base/text.h"
#include "init/console.h"
#include "init/devices.h"
#include "init/keymap.h"
#include "init/stop.h"
#include "init/wait.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LATCHKEY "/bin/latchkey"

enum { PAUSE_MAX_S = 10, EXIT_CANNOT_RUN = 127 };

/* What comes out of @fd, as text; reads to the end. */
static void read_all(int fd, char *text, size_t size)
{
	char rest[64];
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, used < size - 1 ? text + used : rest,
			used < size - 1 ? size - 1 - used : sizeof(rest))) > 0 ||
		(n < 0 && errno == EINTR))
		if (used < size - 1 && n > 0)
			used += (size_t)n;
	text[used] = 0;
}

static _Noreturn void become_latchkey(const char *const *args, int out)
{
	static char *const no_environment[] = {NULL};

	console_adopt();
	if (out >= 0)
		(void)dup2(out, STDOUT_FILENO);
	execve(LATCHKEY, (char *const *)args, no_environment);
	console_say("cannot run " LATCHKEY ": %s", text_errno(errno));
	_exit(EXIT_CANNOT_RUN);
}

/* latchkey @verb @argument (NULL: none); @text gets its results. Returns the wait status. */
static int run(const char *verb, const char *argument, char *text, size_t size)
{
	const char *args[] = {"latchkey", verb, argument, NULL};
	int out[2] = {-1, -1};
	pid_t child;

	*text = 0;
	(void)pipe2(out, O_CLOEXEC); /* without it the names are lost: root= says it, too */
	child = _Fork();
	if (!child)
		become_latchkey(args, out[1]);
	if (child < 0)
		console_say("cannot start " LATCHKEY ": %s", text_errno(errno));
	if (out[1] >= 0)
		close(out[1]);
	if (out[0] >= 0) {
		read_all(out[0], text, size);
		close(out[0]);
	}
	return child < 0 ? EXIT_CANNOT_RUN << 8 : wait_child(child);
}

static void say_end(int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (WIFSIGNALED(status))
		console_say("latchkey was killed by signal %d", WTERMSIG(status));
	else if (code >= 0 && code < CAUSE_COUNT)
		console_say("latchkey exited with %d (%s): %s", code, cause_info((enum cause)code)->name,
			cause_info((enum cause)code)->meaning);
	else
		console_say("latchkey exited with unknown status %d", code);
}

void run_latchkey(const struct init_cmdline *w, char names[static RUN_LATCHKEY_NAMES_BYTES])
{
	char keymap[sizeof("--keymap=") + KEYMAP_NAME_BYTES];
	unsigned pause_s = 1;
	int status;

	text_format(keymap, sizeof(keymap), "--keymap=%s", w->keymap ? w->keymap : "");
	for (;;) {
		status = run("boot", w->keymap ? keymap : NULL, names, RUN_LATCHKEY_NAMES_BYTES);
		console_hush(); /* whatever state a killed child left the terminal in */
		switch (actions_after(status)) {
		case ACTION_MOUNT:
			return;
		case ACTION_AGAIN:
			console_say("starting latchkey again in %u s", pause_s);
			wait_seconds(pause_s);
			pause_s = pause_s * 2 < PAUSE_MAX_S ? pause_s * 2 : PAUSE_MAX_S;
			continue;
		case ACTION_STOP:
			break;
		}
		say_end(status);
		devices_say();
		stop_machine(w->panic_s);
	}
}

void run_latchkey_undo(char *names)
{
	char nothing[64], *newline, *name;

	while ((newline = strrchr(names, '\n'))) {
		*newline = 0;
		name = strrchr(names, '\n');
		name = name ? name + 1 : names;
		if (!run("close", name, nothing, sizeof(nothing)))
			console_say("%s is closed again", name);
	}
}
