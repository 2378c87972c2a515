/* SPDX-License-Identifier: MIT */
/* parts - see parts.h. */
#include "init/parts.h"
#include "base/bytes.h"
#include "base/os.h"
#include "base/text.h"
#include "device/member.h"
#include "device/names.h"
#include "device/superblock.h"
#include "init/console.h"
#include "init/probe.h"
#include <linux/btrfs.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The answer of btrfs about @path. Below 0: no btrfs is there, or the kernel has none. */
static int ask_btrfs(unsigned long request, const char *path)
{
	enum { MISC_MAJOR = 10 };
	static const char control[] = "/dev/btrfs-control";
	struct btrfs_ioctl_vol_args args = {.fd = 0};
	int fd, answer = -1;

	(void)mknod(control, S_IFCHR | 0600, makedev(MISC_MAJOR, 234)); /* without devtmpfs; BTRFS_MINOR */
	fd = os_open(control, O_RDWR);
	if (fd < 0)
		return -1;
	if (text_join(args.name, sizeof(args.name), path, "", ""))
		answer = os_ioctl(fd, request, &args);
	close(fd);
	return answer;
}

void parts_join(const char *names)
{
	char path[SYSBLOCK_PATH_BYTES];

	while (probe_next_mapping(&names, path))
		(void)ask_btrfs(BTRFS_IOC_SCAN_DEV, path);
}

/* Of an ext superblock (fs/ext4/ext4.h); a device that holds a journal alone has one, too. */
enum {
	EXT_OFF = 1024,
	EXT_BYTES = 256,
	EXT_MAGIC = 0x38,
	EXT_COMPAT = 0x5c,
	EXT_HAS_JOURNAL = 4,
	EXT_INCOMPAT = 0x60,
	EXT_JOURNAL_DEVICE = 8,
	EXT_UUID = 0x68,
	EXT_JOURNAL_UUID = 0xd0,
	EXT_JOURNAL_INODE = 0xe0
};

static bool read_ext(const char *path, uint8_t s[static EXT_BYTES])
{
	int fd = os_open(path, O_RDONLY);
	bool is = fd >= 0 && pread(fd, s, EXT_BYTES, EXT_OFF) == EXT_BYTES &&
	          bytes_le16(s + EXT_MAGIC) == 0xef53;

	if (fd >= 0)
		close(fd);
	return is;
}

/* The UUID of the device with the journal of the filesystem on @path. False: its own journal, or none. */
static bool has_journal_elsewhere(const char *path, uint8_t uuid[static 16])
{
	uint8_t s[EXT_BYTES];

	if (!read_ext(path, s) || !(bytes_le32(s + EXT_COMPAT) & EXT_HAS_JOURNAL) ||
		bytes_le32(s + EXT_JOURNAL_INODE))
		return false;
	memcpy(uuid, s + EXT_JOURNAL_UUID, 16);
	return true;
}

static bool find_journal(const uint8_t uuid[static 16], const char *names,
	char path[static SYSBLOCK_PATH_BYTES])
{
	uint8_t s[EXT_BYTES];

	while (probe_next_mapping(&names, path))
		if (read_ext(path, s) && (bytes_le32(s + EXT_INCOMPAT) & EXT_JOURNAL_DEVICE) &&
			!memcmp(s + EXT_UUID, uuid, 16))
			return true;
	return false;
}

void parts_add_journal(const char *device, const char *names, char *data, size_t size)
{
	char path[SYSBLOCK_PATH_BYTES];
	size_t used = strlen(data);
	uint8_t uuid[16];

	/* The kernel compares the UUIDs again. */
	if (!text_find(data, "journal_") && has_journal_elsewhere(device, uuid) &&
		find_journal(uuid, names, path))
		text_format(data + used, size - used, "%sjournal_path=%s", used ? "," : "", path);
}

/* What @path holds that is more than a filesystem. */
static void explain_content(const char *path)
{
	char text[MEMBER_TEXT_BYTES];
	struct superblock found;
	struct member member;
	struct blkdev dev;
	struct error err;

	if (blkdev_open_path(path, &dev, &err))
		return;
	if (member_read(&dev, &member)) {
		member_describe(&member, text);
		console_say("%s; this init does not start it", text);
	}
	if (superblock_read(&dev.reader, &found) && !strcmp(found.type, "bcachefs"))
		console_say("%s: a bcachefs; this init does not mount one with several devices", path);
	blkdev_close(&dev);
}

void parts_explain(const char *names)
{
	char path[SYSBLOCK_PATH_BYTES], other[SYSBLOCK_PATH_BYTES], text[NAMES_UUID_BYTES];
	uint8_t uuid[16];

	for (const char *rest = names; probe_next_mapping(&rest, path);) {
		if (ask_btrfs(BTRFS_IOC_DEVICES_READY, path) > 0)
			console_say("%s: a btrfs with devices that are not open; "
				    "rootflags=degraded mounts it without them",
				path);
		if (has_journal_elsewhere(path, uuid) && !find_journal(uuid, names, other)) {
			names_uuid(text, uuid, false);
			console_say("%s: its journal is on another device, UUID=%s, which is not open", path,
				text);
		}
		explain_content(path);
	}
}
