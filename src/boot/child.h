/* SPDX-License-Identifier: MIT */
/*
 * child - work that may hang, in a process of its own.
 *
 * Whatever reads a device or computes for long runs here, so that the loop that serves the prompt never
 * blocks. The child's output arrives line by line; its progress and its result are in memory shared with
 * the parent.
 */
#ifndef BOOT_CHILD_H
#define BOOT_CHILD_H

#include "base/cause.h"
#include "device/blkdev.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Progress and result: written by the child, but for left. */
struct child_end {
	enum cause cause;
	bool unlocked;     /* some secret could reach swap */
	unsigned needed_s; /* for all keyslots, where some were left out for their time; else 0 */
	unsigned percent, seconds_left; /* of the key derivation; seconds 0: not known */
	dev_t device;
	uint64_t waiting_since_ms;
	unsigned patience_ms;
	atomic_bool left;
	atomic_bool delivers; /* what it has read, without waiting for anything: it is not given up then */
	struct error err;
	/*
	 * stall.h: the block device that it waits for, since when (0: none), and whether it is to exit
	 * after that.
	 */
	char waiting_for[BLKDEV_NAME_BYTES];
};

struct child {
	pid_t pid;             /* 0: not running */
	int fd;                /* its output */
	uint64_t deadline_ms;  /* on clock_now_ms's clock; 0: none */
	struct child_end *end; /* shared; NULL before the first start */
	unsigned used;
	char line[512];
};

/* Runs in the child; standard output and error are the pipe, standard input is empty. */
typedef enum cause child_work(void *arg, struct child_end *end, struct error *err);

/*
 * @c is zero or was used before. @limit_s 0: no limit. False, with the reason in end, when no child can be
 * made.
 */
bool child_start(struct child *c, child_work *work, void *arg, unsigned limit_s);

typedef void child_line(void *context, const char *line);

/*
 * Call when fd is readable: passes each whole line to @handle. True when the child has ended; end then has
 * the result (CAUSE_RESOURCE: killed by SIGKILL, as the kernel does when memory runs out).
 */
bool child_listen(struct child *c, child_line *handle, void *context);

/* Past its deadline? Then it is killed and forgotten, even if it cannot die yet: true, and end is gone. */
bool child_is_late(struct child *c, uint64_t now_ms);

/*
 * The child has what it was to read and is about to put it where its parent waits for it. False: the parent
 * has given it up, and that place may have another owner.
 */
bool child_deliver(struct child_end *end);

/* Give up a child that waits too long. False: it delivers just now, and ends by itself. */
bool child_give_up(const struct child *c);

/* Kill it and forget it; harmless when it is not running. */
void child_drop(struct child *c);

/* It is not running and its result is not needed: free the shared memory. */
void child_clear(struct child *c);

/* Forget it and let it run. Returns its process, for the caller to reap. */
pid_t child_leave(struct child *c);

#endif
