/* SPDX-License-Identifier: MIT */
/* stop - see stop.h. */
#include "stop.h"
#include "base/text.h"
#include "console.h"
#include "wait.h"
#include <errno.h>
#include <signal.h>
#include <sys/reboot.h>
#include <unistd.h>

_Noreturn void stop(int panic_s)
{
	/* No sync(2): nothing was written, and it would wait for a disk that does not answer. */
	if (panic_s > 0) {
		say("stopped; restarting in %d s (panic=%d)", panic_s, panic_s);
		wait_seconds((unsigned)panic_s);
	}
	if (panic_s) {
		(void)reboot(RB_AUTOBOOT);
		say("cannot restart: %s", text_errno(errno));
	}
	say("stopped; switch off or restart this machine");
	(void)signal(SIGCHLD, SIG_IGN); /* from now on the kernel reaps */
	wait_reap();
	for (;;)
		(void)pause();
}
