/* SPDX-License-Identifier: MIT */
/* sysblock - see sysblock.h. */
#include "device/sysblock.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/text.h"
#include <string.h>
#include <unistd.h>

#define SYS_BLOCK "/sys/class/block/"

bool sysblock_text(const char *name, const char *attribute, char text[static SYSBLOCK_TEXT_BYTES])
{
	char path[SYSBLOCK_PATH_BYTES];
	size_t n;

	text_format(path, sizeof(path), SYS_BLOCK "%s/%s", name, attribute);
	(void)file_read(path, text, SYSBLOCK_TEXT_BYTES);
	n = strcspn(text, "\n");
	while (n && text[n - 1] == ' ')
		n--;
	text[n] = 0;
	return n;
}

uint64_t sysblock_number(const char *name, const char *attribute, uint64_t otherwise)
{
	char text[SYSBLOCK_TEXT_BYTES];

	if (sysblock_text(name, attribute, text))
		(void)text_parse_u64(text, &otherwise);
	return otherwise;
}

void sysblock_path(const char *name, char path[static SYSBLOCK_PATH_BYTES])
{
	text_format(path, SYSBLOCK_PATH_BYTES, "/dev/%s", name);
	for (char *p = path; *p; p++)
		if (*p == '!')
			*p = '/'; /* as /sys writes cciss/c0d0 */
}

void sysblock_name(unsigned major, unsigned minor, char name[static SYSBLOCK_NAME_BYTES])
{
	char path[64], place[512];
	const char *cut;
	ssize_t n;

	*name = 0;
	text_format(path, sizeof(path), "/sys/dev/block/%u:%u", major, minor);
	n = readlink(path, place, sizeof(place) - 1);
	place[n > 0 ? n : 0] = 0;
	cut = strrchr(place, '/');
	if (cut)
		(void)text_join(name, SYSBLOCK_NAME_BYTES, cut + 1, "", "");
}

/* Where in the tree of devices @name is: "../../devices/.../sda/sda1"; "" when that cannot be told. */
static void read_place(const char *name, char place[static 512])
{
	char path[SYSBLOCK_PATH_BYTES];
	ssize_t n;

	text_format(path, sizeof(path), SYS_BLOCK "%s", name);
	n = readlink(path, place, 511);
	place[n > 0 ? n : 0] = 0;
}

unsigned sysblock_partition(const char *name, char disk[static SYSBLOCK_NAME_BYTES])
{
	unsigned number = (unsigned)sysblock_number(name, "partition", 0);
	char place[512], *cut;

	*disk = 0;
	if (!number)
		return 0;
	read_place(name, place);
	cut = strrchr(place, '/');
	if (cut) {
		*cut = 0;
		cut = strrchr(place, '/');
	}
	if (!cut)
		return 0;
	text_format(disk, SYSBLOCK_NAME_BYTES, "%s", cut + 1);
	return number;
}

/*
 * What SCSI and NVMe call the world-wide name of the disk under @name; returns its partition's number, or 0.
 */
static unsigned world_wide_name(const char *name, char wwid[static SYSBLOCK_TEXT_BYTES])
{
	char disk[SYSBLOCK_NAME_BYTES];
	unsigned number = sysblock_partition(name, disk);

	if (!sysblock_text(number ? disk : name, "device/wwid", wwid))
		(void)sysblock_text(number ? disk : name, "wwid", wwid);
	return number;
}

bool sysblock_is_same(const char *name, const char *other)
{
	char wwid[SYSBLOCK_TEXT_BYTES], wwid_other[SYSBLOCK_TEXT_BYTES];

	return world_wide_name(name, wwid) == world_wide_name(other, wwid_other) && *wwid &&
	       !strcmp(wwid, wwid_other);
}

bool sysblock_is_readable(const char *name)
{
	bool floppy = name[0] == 'f' && name[1] == 'd' && name[2] >= '0' && name[2] <= '9';

	/* That there is a card in a reader is seen only when its device is opened. */
	return !floppy && (sysblock_number(name, "size", 1) || sysblock_number(name, "removable", 0)) &&
	       !sysblock_number(name, "dm/suspended", 0);
}

bool sysblock_open_partitions(const char *name, struct folder *f)
{
	char path[SYSBLOCK_PATH_BYTES];

	text_format(path, sizeof(path), SYS_BLOCK "%s", name);
	return folder_open(f, path);
}

/* They are folders inside the disk's own, named after it. */
unsigned sysblock_next_partition(struct folder *f, const char *name, char inside[static SYSBLOCK_NAME_BYTES])
{
	char disk[SYSBLOCK_NAME_BYTES];
	const char *next;
	unsigned number;

	while ((next = folder_next(f)))
		if (!strncmp(next, name, strlen(name)) && (number = sysblock_partition(next, disk)) &&
			text_join(inside, SYSBLOCK_NAME_BYTES, next, "", ""))
			return number;
	return 0;
}

bool sysblock_has_partition_at(const char *name, uint64_t off)
{
	char inside[SYSBLOCK_NAME_BYTES];
	struct folder f;
	bool has = false;

	if (!sysblock_open_partitions(name, &f))
		return false;
	while (!has && sysblock_next_partition(&f, name, inside)) {
		uint64_t start = sysblock_number(inside, "start", UINT64_MAX);

		has = off / 512 >= start && off / 512 - start < sysblock_number(inside, "size", 0);
	}
	folder_close(&f);
	return has;
}

bool sysblock_is_held(const char *name)
{
	char path[SYSBLOCK_PATH_BYTES], inside[SYSBLOCK_NAME_BYTES];
	struct folder f;
	bool held = false;

	text_format(path, sizeof(path), SYS_BLOCK "%s/holders", name);
	if (folder_open(&f, path)) {
		held = folder_next(&f) != NULL;
		folder_close(&f);
	}
	if (!held && sysblock_open_partitions(name, &f)) {
		held = sysblock_next_partition(&f, name, inside);
		folder_close(&f);
	}
	return held;
}

bool sysblock_is_removable(const char *name)
{
	char place[512], disk[SYSBLOCK_NAME_BYTES];
	const char *attribute = sysblock_partition(name, disk) ? "../removable" : "removable";

	read_place(name, place);
	return sysblock_number(name, attribute, 0) || text_find(place, "/usb") || text_find(place, "/mmc");
}
