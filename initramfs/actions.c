/* SPDX-License-Identifier: MIT */
/* actions - see actions.h. */
#include "actions.h"
#include "base/cause.h"
#include <signal.h>
#include <sys/wait.h>

/* The exit code of latchkey is a cause (base/cause.h). */
static const enum action actions[CAUSE_COUNT] = {
	[CAUSE_OK] = ACTION_MOUNT,
	[CAUSE_USAGE] = ACTION_STOP,
	[CAUSE_PASSPHRASE] = ACTION_ASK_AGAIN,
	[CAUSE_RESOURCE] = ACTION_STOP,
	[CAUSE_DEVICE] = ACTION_AWAIT_DEVICE,
	[CAUSE_EXISTS] = ACTION_MOUNT_IF_MAPPED,
	[CAUSE_DAMAGED] = ACTION_STOP,
	[CAUSE_UNSUPPORTED] = ACTION_STOP,
	[CAUSE_KERNEL] = ACTION_STOP,
	[CAUSE_BUG] = ACTION_STOP,
};

enum action action_after(int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	/* A key at the prompt, or a serial line that was pulled: somebody is there, or will be; not a fault. */
	if (sig == SIGINT || sig == SIGQUIT || sig == SIGHUP)
		return ACTION_ASK_AGAIN;
	return code >= 0 && code < CAUSE_COUNT ? actions[code] : ACTION_STOP;
}
