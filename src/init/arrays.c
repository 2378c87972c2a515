/* SPDX-License-Identifier: MIT */
/* arrays - see arrays.h. */
#include "init/arrays.h"
#include "base/clock.h"
#include "base/os.h"
#include "base/text.h"
#include "device/find.h"
#include "init/console.h"
#include "init/devices.h"
#include "init/wait.h"
#include <errno.h>
#include <linux/major.h>
#include <linux/raid/md_u.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { PATIENCE_S = 30 };

static pid_t child;

/* The next of @list, separated by commas, as a path in @path if it is there; else "". False: that was all. */
static bool next_device(const char **list, char path[static SYSBLOCK_PATH_BYTES])
{
	char spec[SYSBLOCK_PATH_BYTES];
	size_t len = strcspn(*list, ",");
	struct member member;
	struct error err;

	*path = 0;
	if (!len)
		return false;
	if (len < sizeof(spec)) {
		memcpy(spec, *list, len);
		spec[len] = 0;
		/* A search finds no members, but says which there are. */
		if (find_device_or_member(spec, path, SYSBLOCK_PATH_BYTES, &member, &err))
			text_format(path, SYSBLOCK_PATH_BYTES, "%s", member.name);
		if (!devices_is_block(path))
			*path = 0;
	}
	*list += len + ((*list)[len] == ',');
	return true;
}

static bool is_complete(const char *devices)
{
	char path[SYSBLOCK_PATH_BYTES];
	bool all = *devices;

	while (next_device(&devices, path))
		all &= *path != 0;
	return all;
}

/* The version of the metadata on @path, as SET_ARRAY_INFO takes it. False: it is no member of an MD RAID. */
static bool read_version(const char *path, mdu_array_info_t *info)
{
	struct member member;
	struct blkdev dev;
	struct error err;
	const char *version;
	bool is;

	if (blkdev_open_path(path, &dev, &err))
		return false;
	is = member_read(&dev, &member) && !strcmp(member.mark.type, "linux_raid_member");
	blkdev_close(&dev);
	version = is ? member.mark.version : "";
	*info = (mdu_array_info_t){.major_version = *version - '0',
		.minor_version = *version == '1' ? version[2] - '0' : 90};
	return is;
}

/* Which value md_mod's start_ro had; with 1 an array is not written to before its first write. */
static char set_start_ro(char value)
{
	int fd = os_open("/sys/module/md_mod/parameters/start_ro", O_RDWR);
	char old = value;

	if (fd >= 0) {
		(void)!pread(fd, &old, 1, 0);
		(void)!pwrite(fd, &value, 1, 0);
		close(fd);
	}
	return old;
}

/* Add the device @path to the array @md, of which it may be the first. NULL, or what is wrong. */
static const char *add(int md, const char *path, bool first)
{
	mdu_array_info_t info;
	mdu_disk_info_t disk = {.number = 0};
	struct stat st;

	if (!read_version(path, &info))
		return "no member of an MD RAID";
	if (stat(path, &st) || (first && os_ioctl(md, SET_ARRAY_INFO, &info)))
		return text_errno(errno);
	disk.major = (int)major(st.st_rdev);
	disk.minor = (int)minor(st.st_rdev);
	return os_ioctl(md, ADD_NEW_DISK, &disk) ? text_errno(errno) : NULL;
}

/*
 * The kernel compares the members' UUIDs. Without @late a device that is not the array's, for names may have
 * changed, stops it: false.
 */
static bool start(unsigned number, const char *devices, bool late)
{
	char node[SYSBLOCK_PATH_BYTES], path[SYSBLOCK_PATH_BYTES], start_ro;
	unsigned added = 0, absent = 0;
	const char *wrong;
	int md;

	text_format(node, sizeof(node), "/dev/md%u", number);
	(void)mknod(node, S_IFBLK | 0600, makedev(MD_MAJOR, number));
	md = os_open(node, O_RDWR);
	if (md < 0) {
		console_say("%s: %s", node, text_errno(errno));
		return true;
	}
	while (next_device(&devices, path)) {
		wrong = *path ? add(md, path, !added) : "";
		if (wrong && *wrong)
			console_say("%s: %s is left out: %s", node, path, wrong);
		*(wrong ? &absent : &added) += 1;
	}
	if (absent && !late) {
		(void)os_ioctl(md, STOP_ARRAY, NULL);
		close(md);
		return false;
	}
	start_ro = set_start_ro('1');
	if (!added || os_ioctl(md, RUN_ARRAY, NULL)) {
		console_say("%s: cannot be started: %s", node, added ? text_errno(errno) : "no devices");
		(void)os_ioctl(md, STOP_ARRAY, NULL);
	} else if (absent) {
		console_say("%s: started without %u of its devices", node, absent);
	}
	(void)set_start_ro(start_ro);
	close(md);
	return true;
}

/* Cut "N,DEVICE..." in two; NULL: it is none, as those of arrays without metadata ("N,LEVEL,...") are not. */
static const char *devices_of(const char *word, unsigned *number)
{
	char digits[8];
	size_t len = strcspn(word, ",");
	uint64_t n;

	text_format(digits, sizeof(digits), "%s", word);
	if (len >= sizeof(digits) || !word[len])
		return NULL;
	digits[len] = 0;
	if (!text_parse_u64(digits, &n) || (word[len + 1] >= '0' && word[len + 1] <= '9'))
		return NULL;
	*number = (unsigned)n;
	return word + len + 1;
}

static void run(const struct init_cmdline *w)
{
	unsigned patience_s = w->root_wait_s > PATIENCE_S ? w->root_wait_s : PATIENCE_S;
	uint64_t end_ms = clock_now_ms() + (uint64_t)patience_s * 1000;
	const char *devices[INIT_ARRAYS_MAX];
	bool failed[INIT_ARRAYS_MAX] = {false};
	unsigned number[INIT_ARRAYS_MAX], left = 0;

	wait_listen();
	for (unsigned i = 0; i < w->array_count; i++) {
		devices[i] = devices_of(w->arrays[i], &number[i]);
		left += devices[i] != NULL;
		if (!devices[i])
			console_say("md=%s: not N,DEVICE,DEVICE...", w->arrays[i]);
	}
	for (; left; (void)wait_block_event(1000)) {
		bool late = !w->root_wait && clock_now_ms() >= end_ms;

		for (unsigned i = 0; i < w->array_count; i++) {
			if (!devices[i] || (!late && (failed[i] || !is_complete(devices[i]))))
				continue;
			failed[i] = !start(number[i], devices[i], late);
			if (failed[i])
				continue;
			devices[i] = NULL;
			left--;
		}
	}
}

void arrays_start(const struct init_cmdline *w)
{
	if (w->array_count)
		child = _Fork();
	if (!w->array_count || child)
		return;
	run(w);
	_exit(0);
}

void arrays_end(void)
{
	if (child > 0)
		(void)kill(child, SIGKILL);
}
