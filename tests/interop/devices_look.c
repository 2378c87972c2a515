/* SPDX-License-Identifier: MIT */
/*
 * devices_look - what src/device says of an image, for the suite "devices".
 *
 *   devices_look super IMAGE                     type, UUID and label, a line each
 *   devices_look mark IMAGE                      type, version and place of each foreign mark, a line each
 *   devices_look part IMAGE SECTOR NUMBER START  PARTUUID and PARTLABEL of a partition
 *   devices_look fat IMAGE PATH                  the file, read by our own FAT reader
 * devices_look stick IMAGE PATH the file, read as from a stick: by the kernel's driver or our own
 */
#include "device/blkdev.h"
#include "device/fat.h"
#include "device/mark.h"
#include "device/partition.h"
#include "device/stick.h"
#include "device/superblock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int complain(enum cause cause, const struct error *err)
{
	fprintf(stderr, "%s\n", err->text);
	return (int)cause;
}

static int super(const struct reader *r)
{
	struct superblock s;

	if (!superblock_read(r, &s))
		return 1;
	printf("%s\n%s\n%s\n", s.type, s.uuid, s.label);
	return 0;
}

static int mark(const struct reader *r)
{
	struct mark m;
	unsigned row = 0;

	while (mark_next(r, &row, &m))
		printf("%s %s%s%llu\n", m.type, m.version, *m.version ? " " : "", (unsigned long long)m.off);
	return 0;
}

static int part(const struct reader *r, char **argv)
{
	struct partition_table t;
	struct partition p;

	if (!partition_open(r, (unsigned)atoi(argv[0]), &t) ||
		!partition_read(&t, (unsigned)atoi(argv[1]), strtoull(argv[2], NULL, 10), &p))
		return 1;
	printf("%s\n%s\n", p.uuid, p.label);
	return 0;
}

static int fat(const struct reader *r, const char *path)
{
	struct fat f;
	struct fat_file file;
	struct error err;
	enum cause cause;
	char *buf;

	if (!fat_open(r, &f))
		return 1;
	cause = fat_find(&f, path, &file, &err);
	if (cause)
		return complain(cause, &err);
	buf = malloc(file.size_bytes + 1);
	cause = fat_read(&f, &file, buf, file.size_bytes, &err);
	if (cause)
		return complain(cause, &err);
	fwrite(buf, 1, file.size_bytes, stdout);
	free(buf);
	return 0;
}

/* @part: its offset and its length, if they are there. */
static int stick(const char *image, const char *path, char **part)
{
	static char buf[1 << 20];
	struct stick_part asked = {0, 0};
	struct stick s;
	struct error err;
	size_t len;
	enum cause cause = stick_open(image, NULL, &s, &err);

	if (*part)
		asked = (struct stick_part){strtoull(part[0], NULL, 10), strtoull(part[1], NULL, 10)};
	if (!cause)
		cause = stick_read(&s, path, &asked, buf, sizeof(buf), &len, &err);
	if (cause)
		return complain(cause, &err);
	fwrite(buf, 1, len, stdout);
	fflush(stdout);
	cause = stick_copy(&s, path, sizeof(buf), 1, &err);
	stick_close(&s);
	return cause ? complain(cause, &err) : 0;
}

int main(int argc, char **argv)
{
	struct blkdev dev;
	struct error err;

	if (argc < 3)
		return 1;
	if (!strcmp(argv[1], "stick"))
		return stick(argv[2], argv[3], argv + 4);
	if (blkdev_open_path(argv[2], &dev, &err))
		return complain(err.cause, &err);
	if (!strcmp(argv[1], "super"))
		return super(&dev.reader);
	if (!strcmp(argv[1], "mark"))
		return mark(&dev.reader);
	if (!strcmp(argv[1], "part"))
		return part(&dev.reader, argv + 3);
	return fat(&dev.reader, argv[3]);
}
