/* SPDX-License-Identifier: MIT */
/* member - see member.h. */
#include "device/member.h"
#include "base/text.h"
#include "device/sysblock.h"
#include <string.h>

static bool found(const struct blkdev *dev, const struct mark *m, struct member *out)
{
	out->mark = *m;
	memcpy(out->name, dev->name, sizeof(out->name));
	return true;
}

/* @name is in /sys/class/block; "": a file, which has no partitions. */
static bool disk_has(const struct blkdev *dev, const char *name, bool for_partition, struct member *out)
{
	struct mark m;

	for (unsigned row = 0; mark_next(&dev->reader, &row, &m);)
		if ((!for_partition || m.at_end || m.of_disk) &&
			(!*name || !sysblock_has_partition_at(name, m.off)))
			return found(dev, &m, out);
	return false;
}

bool member_read(const struct blkdev *dev, struct member *out)
{
	char name[SYSBLOCK_NAME_BYTES] = "", disk[SYSBLOCK_NAME_BYTES] = "", path[SYSBLOCK_PATH_BYTES];
	struct blkdev whole;
	struct error err;
	struct mark m;
	bool has;

	*out = (struct member){.name = ""};
	if (dev->is_block)
		sysblock_name(dev->major, dev->minor, name);
	if (!*name || !sysblock_partition(name, disk))
		return disk_has(dev, name, false, out);
	for (unsigned row = 0; mark_next(&dev->reader, &row, &m);)
		if (!m.of_disk)
			return found(dev, &m, out);
	sysblock_path(disk, path);
	if (blkdev_open_path(path, &whole, &err))
		return false;
	has = disk_has(&whole, disk, true, out);
	blkdev_close(&whole);
	return has;
}

void member_describe(const struct member *m, char text[static MEMBER_TEXT_BYTES])
{
	text_format(text, MEMBER_TEXT_BYTES, "%s: has the mark of %s %s (%s%s%s, at byte %llu)", m->name,
		m->mark.kind, m->mark.whole, m->mark.type, *m->mark.version ? " " : "", m->mark.version,
		(unsigned long long)m->mark.off);
}

/* A path that a shell would change, or a long one, is left to be filled in. */
static const char *typed(const char *path)
{
	size_t plain = strspn(path, "/._-+:@,abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

	return path[plain] || plain > 80 || *path == '-' ? "DEVICE" : path;
}

void member_advise(const struct member *m, char text[static MEMBER_TEXT_BYTES])
{
	const char *path = typed(m->name);
	bool raid = *m->mark.version;

	text_format(text, MEMBER_TEXT_BYTES,
		"only if the %s is gone for good (%s %s) remove the mark: %s%s %s", m->mark.whole,
		raid ? "mdadm --examine" : "wipefs", path,
		raid ? "mdadm --zero-superblock" : "wipefs --backup --all --types ", raid ? "" : m->mark.type,
		path);
}
