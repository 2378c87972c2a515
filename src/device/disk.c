/* SPDX-License-Identifier: MIT */
/* disk - see disk.h. */
#include "device/disk.h"
#include "base/text.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Disks under one device; and how deep mappings may stand on each other. */
enum { DISKS_MAX = 16, DEPTH_MAX = 8, PATH_BYTES = 4096 };

struct disks {
	char path[DISKS_MAX][256]; /* in /sys/devices */
	unsigned count;
};

static void collect(const char *sys_path, struct disks *out, int depth);

/* What @path, a mapping, stands on. False when it stands on nothing: it is a disk then. */
static bool collect_slaves(const char *path, struct disks *out, int depth)
{
	char child[PATH_BYTES];
	const struct dirent *e;
	bool any = false;
	DIR *dir;

	if (!text_join(child, sizeof(child), path, "/slaves", ""))
		return false;
	dir = opendir(child);
	if (!dir)
		return false;
	while ((e = readdir(dir))) {
		char slave[PATH_BYTES];

		if (e->d_name[0] == '.' || !text_join(slave, sizeof(slave), child, "/", e->d_name))
			continue;
		collect(slave, out, depth + 1);
		any = true;
	}
	closedir(dir);
	return any;
}

/* Add the disks under the device whose folder in /sys is @sys_path. */
static void collect(const char *sys_path, struct disks *out, int depth)
{
	char real[PATH_BYTES], partition[PATH_BYTES];

	if (depth > DEPTH_MAX || out->count == DISKS_MAX || !realpath(sys_path, real))
		return;
	if (text_join(partition, sizeof(partition), real, "/partition", "") && !access(partition, F_OK))
		*strrchr(real, '/') = 0; /* the disk is the folder that the partition's is in */
	if (!collect_slaves(real, out, depth))
		text_format(out->path[out->count++], sizeof(out->path[0]), "%s", real);
}

static void disks_of(dev_t dev, struct disks *out)
{
	char path[64];

	text_format(path, sizeof(path), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	collect(path, out, 0);
}

bool disk_is_shared(const struct blkdev *dev, const char *path)
{
	struct disks ours = {.count = 0}, theirs = {.count = 0};
	struct stat st;

	/* A header in a file stands where the file does. */
	if (fstat(dev->fd, &st))
		return false;
	disks_of(dev->is_block ? st.st_rdev : st.st_dev, &ours);
	if (stat(path, &st))
		return false;
	disks_of(st.st_dev, &theirs);
	for (unsigned i = 0; i < ours.count; i++)
		for (unsigned j = 0; j < theirs.count; j++)
			if (!strcmp(ours.path[i], theirs.path[j]))
				return true;
	return false;
}
