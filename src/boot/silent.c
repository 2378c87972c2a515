/* SPDX-License-Identifier: MIT */
/* silent - see silent.h. */
#include "boot/silent.h"
#include "base/text.h"
#include "device/blkdev.h"
#include "device/sysblock.h"
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DISKS_MAX = 8, NUMBER_BYTES = 24 };

static struct {
	pid_t pid; /* that waits for it; 0: the row is free */
	char number[NUMBER_BYTES]; /* "254:16" */
	uint64_t plugged;
} disks[DISKS_MAX];

static struct child_end *own; /* in a child */

/* Of the disk that @device is a part of: its partitions are as silent. */
static void find_number(dev_t device, char number[static NUMBER_BYTES])
{
	char name[SYSBLOCK_NAME_BYTES], text[SYSBLOCK_TEXT_BYTES];

	text_format(number, NUMBER_BYTES, "%u:%u", major(device), minor(device));
	text_format(name, sizeof(name), "../../dev/block/%s", number);
	if (sysblock_number(name, "partition", 0) && sysblock_text(name, "../dev", text))
		text_format(number, NUMBER_BYTES, "%s", text);
}

/* The inode of a device's folder in /sys lives as long as the device does. */
static uint64_t find_plugged(const char *number)
{
	char path[64];
	struct stat st;

	text_format(path, sizeof(path), "/sys/dev/block/%s/", number);
	return stat(path, &st) ? 0 : (uint64_t)st.st_ino;
}

static bool is_silent(dev_t device)
{
	char number[NUMBER_BYTES];

	find_number(device, number);
	for (unsigned i = 0; i < DISKS_MAX; i++)
		if (disks[i].pid && !strcmp(disks[i].number, number))
			return true;
	return false;
}

static bool watch(dev_t device, const char *name)
{
	if (own->left)
		_exit(0);
	own->waiting_since_ms = 0;
	if (!device)
		return true;
	if (is_silent(device))
		return false;
	own->device = device;
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

	return since_ms && now_ms >= since_ms + SILENT_AFTER_S * 1000;
}

void silent_leave(struct child *c)
{
	unsigned i = 0;

	while (i < DISKS_MAX && disks[i].pid)
		i++;
	if (i < DISKS_MAX) {
		find_number(c->end->device, disks[i].number);
		disks[i].plugged = find_plugged(disks[i].number);
		c->end->left = true;
		disks[i].pid = child_leave(c);
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
		if (find_plugged(disks[i].number) != disks[i].plugged)
			(void)kill(disks[i].pid, SIGKILL);
		else if (!waitpid(disks[i].pid, NULL, WNOHANG))
			continue;
		disks[i].pid = 0;
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
