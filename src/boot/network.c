/* SPDX-License-Identifier: MIT */
/* network - see state.h. */
#include "boot/state.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "/lib/latchkey/network"

enum { ENDING_MS = 1000, PAUSE_MS = 20 };

void network_start(struct boot *b)
{
	char *const argv[] = {(char *)(uintptr_t)PROGRAM, NULL}, *const environment[] = {NULL};

	sigset_t all, mask;

	/* A rehearsal has the network of the running system. */
	if (b->network || b->test || access(PROGRAM, X_OK))
		return;
	/* A signal between fork and exec would be handled as ours. The program takes only SIGTERM. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &mask);
	b->network = _Fork();
	if (b->network) {
		(void)sigprocmask(SIG_SETMASK, &mask, NULL);
		return;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	(void)execve(PROGRAM, argv, environment);
	_exit(CAUSE_UNSUPPORTED);
}

void network_end(struct boot *b)
{
	if (b->network <= 0)
		return;
	(void)kill(b->network, SIGTERM);
	for (unsigned ms = 0; ms < ENDING_MS && !waitpid(b->network, NULL, WNOHANG); ms += PAUSE_MS)
		(void)poll(NULL, 0, PAUSE_MS);
}
