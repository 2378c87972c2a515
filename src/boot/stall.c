/* SPDX-License-Identifier: MIT */
/* stall - see stall.h. */
#include "boot/stall.h"
#include "base/clock.h"
#include "base/text.h"
#include "boot/plugged.h"
#include "device/blkdev.h"
#include "secret/arena.h"
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DISKS_MAX = 8 };

static struct stalled {
	pid_t pid;     /* the child that waits for it; 0: it is slow, or the row is free */
	dev_t device;  /* the disk or a part of it */
	uint64_t disk; /* 0: the row is free */
} disks[DISKS_MAX];

static struct child_end *own; /* in a child: its end */

/* The disk that @device is, or is a partition of: its partitions stall together. 0: it was removed. */
static uint64_t disk_of(dev_t device)
{
	return plugged_inode(device, plugged_inode(device, "partition") ? ".." : ".");
}

static struct stalled *find(dev_t device)
{
	uint64_t disk = disk_of(device);

	for (unsigned i = 0; disk && i < DISKS_MAX; i++)
		if (disks[i].disk == disk)
			return &disks[i];
	return NULL;
}

bool stall_is_known(const char *path)
{
	struct stat st;
	const struct stalled *disk = !stat(path, &st) && S_ISBLK(st.st_mode) ? find(st.st_rdev) : NULL;

	return disk && disk->pid;
}

static bool watch(dev_t device, const char *name)
{
	const struct stalled *disk;

	if (own->left) {
		arena_close();
		_exit(0);
	}
	own->waiting_since_ms = 0;
	if (!device)
		return true;
	disk = find(device);
	if (disk && disk->pid)
		return false;
	own->device = device;
	own->patience_ms = (disk ? STALL_IF_SLOW_AFTER_S : STALL_AFTER_S) * 1000;
	text_format(own->waiting_for, sizeof(own->waiting_for), "%s", name);
	own->waiting_since_ms = clock_now_ms();
	return true;
}

void stall_watch(struct child_end *end)
{
	own = end;
	blkdev_tell(watch);
}

bool stall_is_detected(const struct child *c, uint64_t now_ms)
{
	uint64_t since_ms = c->pid ? c->end->waiting_since_ms : 0;

	return since_ms && now_ms >= since_ms + c->end->patience_ms && child_give_up(c);
}

/* Its row, if need be that of a disk that is only slow; NULL: too many disks stall. */
static struct stalled *remember(dev_t device)
{
	struct stalled *disk = find(device), *end = disks + DISKS_MAX;

	for (struct stalled *r = disks; !disk && r < end; r++)
		disk = r->disk ? NULL : r;
	for (struct stalled *r = disks; !disk && r < end; r++)
		disk = r->pid ? NULL : r;
	if (disk)
		*disk = (struct stalled){disk->pid, device, disk_of(device)};
	return disk;
}

void stall_leave(struct child *c)
{
	struct stalled *disk = remember(c->end->device);

	if (disk) {
		disk->pid = child_leave(c);
	} else {
		child_drop(c);
	}
}

bool stall_is_over(void)
{
	bool again = false;

	for (unsigned i = 0; i < DISKS_MAX; i++) {
		if (!disks[i].pid)
			continue;
		if (disk_of(disks[i].device) != disks[i].disk)
			(void)kill(disks[i].pid, SIGKILL);
		else if (!waitpid(disks[i].pid, NULL, WNOHANG))
			continue;
		disks[i].pid = 0; /* the row stays: it is slow */
		again = true;
	}
	return again;
}

void stall_close(void)
{
	for (unsigned i = 0; i < DISKS_MAX; i++)
		if (disks[i].pid)
			(void)kill(disks[i].pid, SIGKILL);
}
