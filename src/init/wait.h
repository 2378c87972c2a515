/* SPDX-License-Identifier: MIT */
/*
 * wait - time, children and kernel events, for a process that must never end.
 *
 * Every wait here reaps the orphans that the kernel gives to process 1.
 */
#ifndef INIT_WAIT_H
#define INIT_WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* True at the first call, then once in 10 s. Start with {0}. */
struct wait_notice {
	uint64_t next_ms;
};
bool wait_notice_due(struct wait_notice *n);

/*
 * Listen for uevents. Before the first look at devices, so that no arrival is missed.
 * Without a socket (a kernel without networking) the waits below only tick.
 */
void wait_listen(void);

/* Until a block device came, went or changed, at most @timeout_ms. True: an event came. */
bool wait_block_event(unsigned timeout_ms);

/* Until @fd can be read or has ended, at most @timeout_ms. True: it can. */
bool wait_readable(int fd, unsigned timeout_ms);

void wait_seconds(unsigned seconds);

/* Until @child ends. Returns its wait status. */
int wait_child(pid_t child);

void wait_reap(void);

#endif
