/* SPDX-License-Identifier: MIT */
/* disk - see disk.h. Devices are known by their number here, as /sys writes it: "8:1". */
#include "device/disk.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/text.h"
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Disks under one device; and how deep mappings may stand on each other. */
enum { DISKS_MAX = 16, DEPTH_MAX = 8, NUMBER_BYTES = 24, PATH_BYTES = 384 };

struct disks {
	char number[DISKS_MAX][NUMBER_BYTES];
	unsigned count;
};

static void collect(const char *number, struct disks *out, int depth);

/* The number in the file "dev" of the folder @path. */
static bool read_number(const char *path, char number[static NUMBER_BYTES])
{
	char file[PATH_BYTES + 8];
	ssize_t n;

	text_format(file, sizeof(file), "%s/dev", path);
	n = file_read(file, number, NUMBER_BYTES);
	if (n <= 1)
		return false;
	number[n - (number[n - 1] == '\n')] = 0;
	return true;
}

/* What the device @number, a mapping, stands on. False when it stands on nothing: it is a disk then. */
static bool collect_slaves(const char *number, struct disks *out, int depth)
{
	char slaves[64], slave[PATH_BYTES], below[NUMBER_BYTES];
	const char *name;
	struct folder f;
	bool any = false;

	text_format(slaves, sizeof(slaves), "/sys/dev/block/%s/slaves", number);
	if (!folder_open(&f, slaves))
		return false;
	for (; (name = folder_next(&f)); any = true) {
		text_format(slave, sizeof(slave), "%s/%s", slaves, name);
		if (read_number(slave, below))
			collect(below, out, depth + 1);
	}
	folder_close(&f);
	return any;
}

/* Add the disks under the device @number. */
static void collect(const char *number, struct disks *out, int depth)
{
	char path[64], whole[NUMBER_BYTES];

	if (depth > DEPTH_MAX || out->count == DISKS_MAX || collect_slaves(number, out, depth))
		return;
	/* A partition's folder is inside its disk's, whose number the kernel finds behind the link. */
	text_format(path, sizeof(path), "/sys/dev/block/%s/partition", number);
	if (!access(path, F_OK)) {
		text_format(path, sizeof(path), "/sys/dev/block/%s/..", number);
		if (read_number(path, whole))
			number = whole;
	}
	text_format(out->number[out->count++], NUMBER_BYTES, "%s", number);
}

static void disks_of(dev_t dev, struct disks *out)
{
	char number[NUMBER_BYTES];

	text_format(number, sizeof(number), "%u:%u", major(dev), minor(dev));
	collect(number, out, 0);
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
			if (!strcmp(ours.number[i], theirs.number[j]))
				return true;
	return false;
}
