/* SPDX-License-Identifier: MIT */
/* uevent - see uevent.h. */
#include "device/uevent.h"
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENT_BYTES = 8192, GROUP_KERNEL = 1 };

int uevent_open(void)
{
	struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = GROUP_KERNEL};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Is the event (ACTION@PATH, then KEY=VALUE texts, each with its NUL) about a block device? */
static bool is_block_event(const char *event, size_t len)
{
	for (size_t at = 0; at < len; at += strlen(event + at) + 1)
		if (!strcmp(event + at, "SUBSYSTEM=block"))
			return true;
	return false;
}

bool uevent_drain(int fd)
{
	char event[EVENT_BYTES];
	struct sockaddr_nl from = {.nl_pid = 1};
	bool block = false;

	for (;;) {
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(fd, event, sizeof(event) - 1, 0, (struct sockaddr *)&from, &from_len);

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
