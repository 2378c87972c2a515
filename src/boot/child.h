/* SPDX-License-Identifier: MIT */
/*
 * child - a piece of work that may hang, in a process of its own.
 *
 * Whatever reads a device or computes for long runs here, so that the loop that talks to people never waits. What
 * the child says is heard line by line; how it ended stands in memory that both see.
 */
#ifndef BOOT_CHILD_H
#define BOOT_CHILD_H

#include "base/cause.h"
#include "device/blkdev.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How far it is, and how it ended: written by the child. */
struct child_end {
	enum cause cause;
	struct error err;
	unsigned percent; /* of what it is at, for who is curious */
	/* silent.h: the block device that it waits for, since when (0: for none), and is it to end then? */
	char waiting_for[BLKDEV_NAME_BYTES];
	dev_t device;
	uint64_t waiting_since_ms;
	unsigned patience_ms;
	bool left;
};

struct child {
	pid_t pid;             /* 0: none runs */
	int fd;                /* what it says */
	uint64_t deadline_ms;  /* on child_now_ms's clock; 0: none */
	struct child_end *end; /* shared; NULL before the first one */
	char line[512];
	unsigned used;
};

/* Runs in the child; its standard output and error are the pipe, its standard input is empty. */
typedef enum cause child_work(void *arg, struct child_end *end, struct error *err);

/* @c is zero or has been used before. @limit_s 0: no limit. False, with the reason in end, when there can be no child. */
bool child_start(struct child *c, child_work *work, void *arg, unsigned limit_s);

/*
 * Call when fd is readable: tells @hear each whole line. True when the child has ended; end then says how
 * (CAUSE_RESOURCE: it was killed as the kernel does it for want of memory).
 */
bool child_listen(struct child *c, void (*hear)(void *context, const char *line), void *context);

/* Past its time? Then it is killed and forgotten, even where it cannot die yet: true, and end is gone. */
bool child_is_late(struct child *c, uint64_t now_ms);

/* Kill it and forget it; harmless when none runs. */
void child_drop(struct child *c);

/* None runs and nobody will ask how it ended: give the memory back. */
void child_clear(struct child *c);

/* Forget it and let it run: its process, which is the caller's to wait for. */
pid_t child_leave(struct child *c);

/* Monotonic. */
uint64_t child_now_ms(void);

#endif
