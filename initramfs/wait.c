/* SPDX-License-Identifier: MIT */
/* wait - see wait.h. */
#include "wait.h"
#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NOTICE_MS = 10000 };

static int uevents = -1;

/* Monotonic: early boot sets the clock when it likes. */
static uint64_t now_ms(void)
{
	struct timespec ts = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

bool notice_due(struct notice *n)
{
	uint64_t now = now_ms();

	if (now < n->next_ms)
		return false;
	n->next_ms = now + NOTICE_MS;
	return true;
}

void wait_listen(void)
{
	struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = 1};

	uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	if (uevents < 0)
		return;
	if (bind(uevents, (struct sockaddr *)&addr, sizeof(addr))) {
		close(uevents);
		uevents = -1;
	}
}

/* Is the event (ACTION@PATH, then KEY=VALUE texts, each with its NUL) about a block device? */
static bool is_block_event(const char *event, size_t len)
{
	for (size_t at = 0; at < len; at += strlen(event + at) + 1)
		if (!strcmp(event + at, "SUBSYSTEM=block"))
			return true;
	return false;
}

/* Take all that is queued: a storm of events is one reason to look again. */
static bool drain_events(void)
{
	static char event[8192];
	struct sockaddr_nl from;
	bool block = false;
	socklen_t from_len;
	ssize_t n;

	for (;;) {
		from_len = sizeof(from);
		n = recvfrom(uevents, event, sizeof(event) - 1, 0, (struct sockaddr *)&from, &from_len);
		if (n < 0 && errno == ENOBUFS)
			block = true; /* some were lost: assume the one we want */
		else if (n < 0 && errno != EINTR)
			return block;
		if (n <= 0 || from.nl_pid != 0) /* only the kernel's own word counts */
			continue;
		event[n] = 0;
		block |= is_block_event(event, (size_t)n);
	}
}

bool wait_block_event(unsigned timeout_ms)
{
	uint64_t end = now_ms() + timeout_ms, now;
	struct pollfd p = {.fd = uevents, .events = POLLIN};

	while ((now = now_ms()) < end) {
		int n = poll(&p, 1, (int)(end - now));

		wait_reap();
		if (n > 0 && drain_events())
			return true;
	}
	return false;
}

void wait_seconds(unsigned seconds)
{
	uint64_t end = now_ms() + (uint64_t)seconds * 1000, now;

	while ((now = now_ms()) < end) {
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
