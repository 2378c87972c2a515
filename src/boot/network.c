/* SPDX-License-Identifier: MIT */
/* network - see state.h. */
#include "boot/state.h"
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "/lib/latchkey/network"

enum { ENDING_MS = 1000, PAUSE_MS = 20 };

static enum cause become(void *arg, struct child_end *end, struct error *err)
{
	const struct plan *plan = arg;
	char *const words[] = {(char *)(uintptr_t)PROGRAM, (char *)(uintptr_t)plan->cmdline, NULL};

	(void)end;
	(void)err;
	(void)execve(PROGRAM, words, words + 2);
	return CAUSE_DEVICE;
}

/* A rehearsal has the network of the running system. */
void network_start(struct boot *b)
{
	if (!b->network.pid && !b->test && !access(PROGRAM, X_OK))
		(void)child_start(&b->network, become, (void *)(uintptr_t)b->plan, 0);
}

void network_end(struct boot *b)
{
	pid_t pid = b->network.pid;

	if (!pid)
		return;
	(void)kill(pid, SIGTERM);
	for (unsigned ms = 0; ms < ENDING_MS && !waitpid(pid, NULL, WNOHANG); ms += PAUSE_MS)
		(void)poll(NULL, 0, PAUSE_MS);
}
