/* SPDX-License-Identifier: MIT */
/* silent - see silent.h. */
#include "boot/silent.h"
#include "base/text.h"
#include "device/blkdev.h"
#include "secret/arena.h"
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DISKS_MAX = 8 };

static struct row {
	pid_t pid;     /* that waits for it; 0: it is slow, or the row is free */
	dev_t device;  /* the disk or a part of it */
	uint64_t disk; /* 0: the row is free */
} disks[DISKS_MAX];

static struct child_end *own; /* in a child */

/*
 * The disk that @device is a part of, whose partitions are as silent: the inode of its folder in /sys, which is another
 * one when it is plugged again. 0: it is gone.
 */
static uint64_t disk_of(dev_t device)
{
	char path[64];
	struct stat st;
	size_t len = text_format(path, sizeof(path), "/sys/dev/block/%u:%u/", major(device), minor(device));

	memcpy(path + len, "partition", sizeof("partition"));
	path[len] = access(path, F_OK) ? 0 : '.';
	memcpy(path + len + 1, ".", sizeof("."));
	return stat(path, &st) ? 0 : (uint64_t)st.st_ino;
}

static struct row *find(dev_t device)
{
	uint64_t disk = disk_of(device);

	for (unsigned i = 0; disk && i < DISKS_MAX; i++)
		if (disks[i].disk == disk)
			return &disks[i];
	return NULL;
}

bool silent_is(const char *path)
{
	struct stat st;

	const struct row *row = !stat(path, &st) && S_ISBLK(st.st_mode) ? find(st.st_rdev) : NULL;

	return row && row->pid;
}

static bool watch(dev_t device, const char *name)
{
	const struct row *row;

	if (own->left) {
		arena_close();
		_exit(0);
	}
	own->waiting_since_ms = 0;
	if (!device)
		return true;
	row = find(device);
	if (row && row->pid)
		return false;
	own->device = device;
	own->patience_ms = (row ? SILENT_IF_SLOW_AFTER_S : SILENT_AFTER_S) * 1000;
	text_format(own->waiting_for, sizeof(own->waiting_for), "%s", name);
	own->waiting_since_ms = child_now_ms();
	return true;
}

void silent_watch(struct child_end *end)
{
	own = end;
	blkdev_tell(watch);
}

bool silent_waits(const struct child *c, uint64_t now_ms)
{
	uint64_t since_ms = c->pid ? c->end->waiting_since_ms : 0;

	return since_ms && now_ms >= since_ms + c->end->patience_ms;
}

/* Its row, which may have been another slow one's; NULL: there are too many that are silent. */
static struct row *remember(dev_t device)
{
	struct row *row = find(device), *end = disks + DISKS_MAX;

	for (struct row *r = disks; !row && r < end; r++)
		row = r->disk ? NULL : r;
	for (struct row *r = disks; !row && r < end; r++)
		row = r->pid ? NULL : r;
	if (row)
		*row = (struct row){row->pid, device, disk_of(device)};
	return row;
}

void silent_leave(struct child *c)
{
	struct row *row = remember(c->end->device);

	if (row) {
		c->end->left = true;
		row->pid = child_leave(c);
	} else {
		child_drop(c);
	}
}

bool silent_heed(void)
{
	bool again = false;

	for (unsigned i = 0; i < DISKS_MAX; i++) {
		if (!disks[i].pid)
			continue;
		if (disk_of(disks[i].device) != disks[i].disk)
			(void)kill(disks[i].pid, SIGKILL);
		else if (!waitpid(disks[i].pid, NULL, WNOHANG))
			continue;
		disks[i].pid = 0; /* it was only slow */
		again = true;
	}
	return again;
}

void silent_close(void)
{
	for (unsigned i = 0; i < DISKS_MAX; i++)
		if (disks[i].pid)
			(void)kill(disks[i].pid, SIGKILL);
}
