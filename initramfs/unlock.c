/* SPDX-License-Identifier: MIT */
/* unlock - see unlock.h. */
#include "unlock.h"
#include "actions.h"
#include "base/text.h"
#include "console.h"
#include "devices.h"
#include "stop.h"
#include "wait.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LATCHKEY "/bin/latchkey"

enum { ARGS_MAX = 16 + WORDS_OPTIONS_MAX, PAUSE_MAX_S = 10, EXIT_CANNOT_RUN = 127 };

struct args {
	const char *v[ARGS_MAX + 1]; /* ends with NULL */
	unsigned n;
};

static void add(struct args *args, const char *arg)
{
	if (args->n < ARGS_MAX)
		args->v[args->n++] = arg;
}

static void add_pair(struct args *args, const char *option, const char *value)
{
	if (!value)
		return;
	add(args, option);
	add(args, value);
}

/* Nothing a silent child says reaches the console, and it cannot ask: it has no terminal. */
static void become_silent(void)
{
	int fd = open("/dev/null", O_RDWR);

	(void)setsid();
	for (int i = 0; i <= STDERR_FILENO; i++)
		if (fd < 0 || dup2(fd, i) < 0)
			close(i);
}

/* Returns the wait status. */
static int run(const struct args *args, bool silent)
{
	static char *const no_environment[] = {NULL};
	pid_t child = fork();

	if (child < 0) {
		say("cannot start " LATCHKEY ": %s", text_errno(errno));
		return EXIT_CANNOT_RUN << 8;
	}
	if (!child) {
		if (silent)
			become_silent();
		else
			console_adopt();
		execve(LATCHKEY, (char *const *)args->v, no_environment);
		say("cannot run " LATCHKEY ": %s", text_errno(errno));
		_exit(EXIT_CANNOT_RUN);
	}
	return wait_child(child);
}

static int run_open(const struct words *w, bool use_key)
{
	struct args args = {.n = 0};
	int status;

	add(&args, "latchkey");
	add(&args, "open");
	add_pair(&args, "--key-file", use_key ? w->key : NULL);
	add_pair(&args, "--header", w->header);
	add_pair(&args, "--tries", w->tries);
	for (size_t i = 0; i < w->option_count; i++)
		add(&args, w->options[i]);
	add(&args, w->device);
	add(&args, w->name);
	status = run(&args, false);
	console_hush(); /* whatever state a killed child left the terminal in */
	if (WIFSIGNALED(status))
		text_print(STDERR_FILENO, "\n"); /* it may have been asking */
	return status;
}

/* Can the header be read? Asked every second, so it must neither speak nor ask. */
static bool device_is_ready(const struct words *w)
{
	struct args args = {.n = 0};

	add(&args, "latchkey");
	add(&args, "dump");
	add_pair(&args, "--header", w->header);
	add(&args, w->device);
	return action_after(run(&args, true)) != ACTION_AWAIT_DEVICE;
}

static unsigned grow(unsigned pause_s)
{
	return pause_s * 2 < PAUSE_MAX_S ? pause_s * 2 : PAUSE_MAX_S;
}

/*
 * Until it is worth trying again. Most often the device is not there yet: a block event, or
 * a tick for kernels without uevents, then a look at the header. When the header can be read
 * and opening failed all the same, only an event or a growing pause gives a reason to hope.
 */
static void await_device(const struct words *w, unsigned *pause_s)
{
	static struct notice notice; /* one rhythm for the whole boot */
	bool ready = device_is_ready(w);

	for (;;) {
		if (notice_due(&notice)) {
			say("waiting for %s to become a LUKS device that can be read", w->device);
			devices_say();
		}
		if (ready) {
			(void)wait_block_event(*pause_s * 1000);
			*pause_s = grow(*pause_s);
			return;
		}
		(void)wait_block_event(1000);
		if (device_is_ready(w))
			return;
	}
}

static void pause_before_asking(unsigned *pause_s)
{
	say("asking again in %u s", *pause_s);
	wait_seconds(*pause_s);
	*pause_s = grow(*pause_s);
}

static void say_end(int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (WIFSIGNALED(status))
		say("latchkey was killed by signal %d", WTERMSIG(status));
	else if (code >= 0 && code < CAUSE_COUNT)
		say("latchkey ended with %d (%s): %s", code, cause_info((enum cause)code)->name,
			cause_info((enum cause)code)->meaning);
	else
		say("latchkey ended with %d, which is none of its exit codes", code);
}

/* A key file that is no key for this volume must not keep a person from typing one. */
static bool key_failed(const struct words *w, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (code != CAUSE_PASSPHRASE && code != CAUSE_USAGE)
		return false;
	say("the key file %s did not open %s: asking for a passphrase", w->key, w->device);
	return true;
}

static bool key_is_there(const struct words *w)
{
	if (!w->key)
		return false;
	if (!access(w->key, R_OK))
		return true;
	say("the key file %s of latchkey.key= is not in this image (%s): asking for a passphrase", w->key,
		text_errno(errno));
	return false;
}

bool unlock(const struct words *w, const char *mapping)
{
	bool use_key = key_is_there(w);
	unsigned ask_s = 1, device_s = 1;
	int status;

	for (;;) {
		status = run_open(w, use_key);
		if (use_key && key_failed(w, status)) {
			use_key = false;
			continue;
		}
		switch (action_after(status)) {
		case ACTION_MOUNT:
			return true;
		case ACTION_ASK_AGAIN:
			pause_before_asking(&ask_s);
			continue;
		case ACTION_AWAIT_DEVICE:
			await_device(w, &device_s);
			continue;
		case ACTION_MOUNT_IF_MAPPED:
			if (devices_is_block(mapping))
				return false;
			break;
		case ACTION_STOP:
			break;
		}
		say_end(status);
		devices_say();
		stop(w->panic_s);
	}
}

void unlock_undo(const struct words *w)
{
	struct args args = {.n = 0};

	add(&args, "latchkey");
	add(&args, "close");
	add(&args, w->name);
	if (!run(&args, false))
		say("%s is closed again", w->name);
}
