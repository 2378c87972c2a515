/* SPDX-License-Identifier: MIT */
/* actions - see actions.h. */
#include "init/actions.h"
#include "base/cause.h"
#include <signal.h>
#include <sys/wait.h>

enum action actions_after(int status)
{
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (WIFEXITED(status) && WEXITSTATUS(status) == CAUSE_OK)
		return ACTION_MOUNT;
	/* A serial line that was pulled, or a key: somebody is there, or will be; not a fault. */
	return sig == SIGINT || sig == SIGQUIT || sig == SIGHUP ? ACTION_AGAIN : ACTION_STOP;
}
