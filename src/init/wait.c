/* SPDX-License-Identifier: MIT */
/* wait - see wait.h. */
#include "init/wait.h"
#include "base/clock.h"
#include "device/uevent.h"
#include <errno.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOTICE_MS = 10000 };

static int uevents = -1;

bool wait_notice_due(struct wait_notice *n)
{
	uint64_t now = clock_now_ms();

	if (now < n->next_ms)
		return false;
	n->next_ms = now + NOTICE_MS;
	return true;
}

void wait_listen(void)
{
	uevents = uevent_open();
}

bool wait_block_event(unsigned timeout_ms)
{
	uint64_t end = clock_now_ms() + timeout_ms, now;
	struct pollfd p = {.fd = uevents, .events = POLLIN};

	while ((now = clock_now_ms()) < end) {
		int n = poll(&p, 1, (int)(end - now));

		wait_reap();
		if (n > 0 && uevent_drain(uevents))
			return true;
	}
	return false;
}

bool wait_readable(int fd, unsigned timeout_ms)
{
	uint64_t end = clock_now_ms() + timeout_ms, now;
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while ((now = clock_now_ms()) < end) {
		int n = poll(&p, 1, (int)(end - now));

		wait_reap();
		if (n > 0)
			return true;
	}
	return false;
}

void wait_seconds(unsigned seconds)
{
	uint64_t end = clock_now_ms() + (uint64_t)seconds * 1000, now;

	while ((now = clock_now_ms()) < end) {
		(void)poll(NULL, 0, (int)(end - now < 1000 ? end - now : 1000));
		wait_reap();
	}
}

int wait_child(pid_t child)
{
	pid_t ended;
	int status = -1;

	do
		ended = waitpid(-1, &status, 0);
	while (ended != child && (ended > 0 || errno == EINTR));
	return status;
}

void wait_reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}
