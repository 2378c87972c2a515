/* SPDX-License-Identifier: MIT */
/* stop - see stop.h. */
#include "init/stop.h"
#include "base/text.h"
#include "init/console.h"
#include "init/wait.h"
#include <errno.h>
#include <signal.h>
#include <sys/reboot.h>
#include <unistd.h>

_Noreturn void stop_machine(int panic_s)
{
	/* No sync(2): nothing was written, and it would wait for a disk that does not answer. */
	if (panic_s > 0) {
		console_say("halted; restarting in %d s (panic=%d)", panic_s, panic_s);
		wait_seconds((unsigned)panic_s);
	}
	if (panic_s) {
		(void)reboot(RB_AUTOBOOT);
		console_say("cannot restart: %s", text_errno(errno));
	}
	console_say("halted; power off or restart this machine");
	(void)signal(SIGCHLD, SIG_IGN); /* from now on the kernel reaps */
	wait_reap();
	for (;;)
		(void)pause();
}
