/* SPDX-License-Identifier: MIT */
/*
 * stick - see stick.h.
 *
 * The calls of mount(8)'s newer kind (fsopen and so on) make a mount that hangs in no folder: there is
 * nothing to make in /run, to hide from others or to clean up after a process that was killed.
 */
#include "device/stick.h"
#include "base/file.h"
#include "base/os.h"
#include "base/text.h"
#include "device/find.h"
#include "device/loop.h"
#include "device/superblock.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 4096 };

/*
 * Drivers, each with what keeps it from replaying its journal. Several rows for one type are tried in turn.
 * A type without a row is its driver's name, and needs a loop device, so that nothing can be written.
 */
static const struct driver {
	char type[9], driver[9], key[11], value[12];
} drivers[] = {
	{"ext4", "ext4", "noload", ""}, {"ext3", "ext4", "noload", ""}, {"ext2", "ext4", "noload", ""},
	{"ext2", "ext2", "", ""}, {"xfs", "xfs", "norecovery", ""},
	{"btrfs", "btrfs", "rescue", "nologreplay"}, {"f2fs", "f2fs", "norecovery", ""},
	{"exfat", "exfat", "", ""}, {"squashfs", "squashfs", "", ""}, {"erofs", "erofs", "", ""},
	{"iso9660", "iso9660", "", ""}, {"udf", "udf", "", ""}, {"ntfs", "ntfs3", "", ""},
	{"ntfs", "ntfs", "", ""}, {"", "", "", ""}, /* any other */
};
enum { DRIVERS = sizeof(drivers) / sizeof(drivers[0]) };

static int configure(int fs, unsigned command, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, fs, command, key, value, 0);
}

/*
 * The root of the filesystem on @path, in no folder; -1 with errno: ENODEV when the kernel has no such
 * driver, after it tried to load the module.
 */
static int mount_detached(const char *path, const char *driver, const char *key, const char *value)
{
	int fs = (int)syscall(SYS_fsopen, driver, FSOPEN_CLOEXEC), root = -1, why;

	if (fs < 0)
		return -1;
	if (!configure(fs, FSCONFIG_SET_STRING, "source", path) &&
		!configure(fs, FSCONFIG_SET_FLAG, "ro", NULL) &&
		(!*key || !configure(fs, *value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key,
				  *value ? value : NULL)) &&
		!configure(fs, FSCONFIG_CMD_CREATE, NULL, NULL))
		root = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
			MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	why = errno;
	close(fs);
	errno = why;
	return root;
}

static enum cause mount_as(const char *path, const char *type, struct stick *s, struct error *err)
{
	bool looped = path != s->dev.path, known = false;
	int why = ENODEV;
	char safe[32];

	for (const struct driver *d = drivers; d < drivers + DRIVERS && s->root_fd < 0; d++) {
		bool any = !*d->type;

		if (any ? known || !looped : strcmp(d->type, type))
			continue;
		known = true;
		s->root_fd = mount_detached(path, any ? type : d->driver, d->key, d->value);
		if (s->root_fd < 0 && errno != ENODEV)
			why = errno;
	}
	if (s->root_fd >= 0)
		return CAUSE_OK;
	text_escape(safe, sizeof(safe), type);
	if (why == ENODEV || why == ENOSYS)
		return error_set_os(err, CAUSE_UNSUPPORTED, why, "%s: this kernel cannot read %s here%s",
			s->dev.name, safe, known ? "" : " without a loop device");
	return error_set_os(err, CAUSE_KERNEL, why, "%s: %s is not mounted", s->dev.name, safe);
}

static bool has_row(const char *type)
{
	const struct driver *d = drivers;

	while (*d->type && strcmp(d->type, type))
		d++;
	return *d->type;
}

/*
 * No mark that is known: whichever other driver of the kernel takes it, as mount(8) does it. Those with a row
 * would only complain in the kernel's log.
 */
static enum cause mount_any(const char *path, struct stick *s, struct error *err)
{
	char list[2048], *rest = list, *line;

	(void)file_read("/proc/filesystems", list, sizeof(list));
	while ((line = strsep(&rest, "\n")))
		/* Before the names of those that need no device is "nodev". */
		if (*line == '\t' && !has_row(line + 1) && !mount_as(path, line + 1, s, err))
			return CAUSE_OK;
	return error_set(err, CAUSE_DEVICE, "%s: no filesystem found", s->dev.name);
}

static enum cause mount_stick(const char *type, struct stick *s, struct error *err)
{
	struct blkdev loop;
	struct error ignored;
	bool looped = !loop_open(&s->dev, true, &loop, &ignored);
	const char *path = looped ? loop.path : s->dev.path;
	enum cause cause = type ? mount_as(path, type, s, err) : mount_any(path, s, err);

	/* The mount holds the loop device from now on. */
	if (looped)
		blkdev_close(&loop);
	return cause;
}

static const char *known_type(const char *fstype, struct stick *s)
{
	struct superblock super;

	/* The kernel's name for FAT without long names; "auto" is mount(8)'s for finding out. */
	if (fstype && strcmp(fstype, "auto"))
		return strcmp(fstype, "msdos") ? fstype : "vfat";
	return superblock_read(&s->dev.reader, &super) ? super.type : NULL;
}

enum cause stick_open(const char *device, const char *fstype, struct stick *s, struct error *err)
{
	enum cause cause = find_open(device, &s->dev, err);
	const char *type = NULL;
	uint8_t byte;

	s->root_fd = -1;
	/* What cannot be read is not what has no filesystem. */
	if (!cause)
		cause = reader_read(&s->dev.reader, &byte, 1, 0, err);
	if (!cause)
		type = known_type(fstype, s);
	s->is_vfat = type && !strcmp(type, "vfat");
	if (!cause && s->is_vfat && !fat_open(&s->dev.reader, &s->fat))
		cause = error_set(err, CAUSE_DEVICE, "%s: no filesystem found", s->dev.name);
	else if (!cause && !s->is_vfat)
		cause = mount_stick(type, s, err);
	if (cause)
		stick_close(s);
	return cause;
}

void stick_close(struct stick *s)
{
	if (s->root_fd >= 0)
		close(s->root_fd);
	s->root_fd = -1;
	blkdev_close(&s->dev);
}

/* --- files --- */

/* A file that is open: on a mount, or in the FAT. */
struct file {
	int fd;
	uint64_t size_bytes;
	struct fat_file fat;
};

static enum cause open_fat(struct stick *s, const char *path, struct file *f, struct error *err)
{
	enum cause cause = fat_find(&s->fat, path, &f->fat, err);

	if (!cause && f->fat.is_directory)
		cause = error_set_os(err, CAUSE_DEVICE, EISDIR, "%s", s->dev.name);
	f->size_bytes = f->fat.size_bytes;
	return cause;
}

/* Links are followed as long as they stay on the stick. */
static enum cause open_mounted(struct stick *s, const char *path, struct file *f, struct error *err)
{
	/* O_NONBLOCK: a FIFO would wait for its writer. */
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	struct stat st;

	f->fd = (int)syscall(SYS_openat2, s->root_fd, path + strspn(path, "/"), &how, sizeof(how));
	if (f->fd < 0 && errno == EXDEV)
		return error_set(err, CAUSE_DEVICE, "%s: is a link that leaves the device", s->dev.name);
	if (f->fd < 0 || fstat(f->fd, &st))
		return error_set_os(err, CAUSE_DEVICE, errno, "%s", s->dev.name);
	if (!S_ISREG(st.st_mode))
		return error_set(err, CAUSE_DEVICE, "%s: is not a regular file", s->dev.name);
	f->size_bytes = (uint64_t)st.st_size;
	return CAUSE_OK;
}

static void close_file(struct file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

/* What is left to read, in place of the file's own length, is the length of @part, @max_bytes at most. */
static enum cause open_file(struct stick *s, const char *path, const struct stick_part *part,
	uint64_t max_bytes, struct file *f, struct error *err)
{
	uint64_t offset = part->offset_bytes, size = part->size_bytes, left;
	enum cause cause;

	*f = (struct file){.fd = -1};
	cause = s->is_vfat ? open_fat(s, path, f, err) : open_mounted(s, path, f, err);
	if (cause)
		return cause;
	left = offset < f->size_bytes ? f->size_bytes - offset : 0;
	if (!size)
		size = offset && !left ? 1 : left;
	if (size > left)
		return error_set(err, CAUSE_USAGE, "%s: has %llu bytes, %llu from byte %llu on are needed",
			s->dev.name, (unsigned long long)f->size_bytes, (unsigned long long)size,
			(unsigned long long)offset);
	f->size_bytes = size;
	if (size > max_bytes)
		return error_set(err, CAUSE_USAGE, "%s: has %llu bytes, at most %llu are allowed",
			s->dev.name, (unsigned long long)size, (unsigned long long)max_bytes);
	return CAUSE_OK;
}

static enum cause next_bytes(struct stick *s, struct file *f, void *buf, size_t len, struct error *err)
{
	size_t have = 0;

	if (s->is_vfat)
		return fat_read(&s->fat, &f->fat, buf, len, err);
	while (have < len) {
		ssize_t n = read(f->fd, (char *)buf + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set_os(err, CAUSE_DEVICE, errno, "%s: cannot be read", s->dev.name);
		if (!n)
			return error_set(err, CAUSE_DEVICE, "%s: ended while it was read", s->dev.name);
		have += (size_t)n;
	}
	return CAUSE_OK;
}

/* Sentences of what is below name the device; the file comes in front of it. */
static enum cause say_file(enum cause cause, const char *path, struct error *err)
{
	char safe[128];

	text_escape(safe, sizeof(safe), path);
	if (cause)
		error_prefix(err, "%s", safe);
	return cause;
}

enum cause stick_read(struct stick *s, const char *path, const struct stick_part *part, void *buf, size_t max,
	size_t *len, struct error *err)
{
	uint64_t skip = part->offset_bytes;
	struct file f;
	enum cause cause = open_file(s, path, part, max, &f, err);

	if (!cause && f.fd >= 0 && lseek(f.fd, (off_t)skip, SEEK_SET) >= 0)
		skip = 0;
	for (size_t n; skip && !cause; skip -= n) {
		n = skip < max ? (size_t)skip : max;
		cause = next_bytes(s, &f, buf, n, err);
	}
	*len = (size_t)f.size_bytes;
	if (!cause)
		cause = next_bytes(s, &f, buf, *len, err);
	close_file(&f);
	return say_file(cause, path, err);
}

enum cause stick_copy(struct stick *s, const char *path, uint64_t max_bytes, int fd, struct error *err)
{
	static const struct stick_part whole;
	uint8_t piece[COPY_BYTES];
	struct file f;
	enum cause cause = open_file(s, path, &whole, max_bytes, &f, err);
	uint64_t left = cause ? 0 : f.size_bytes;

	if (!cause && !left)
		cause = error_set(err, CAUSE_USAGE, "%s: is empty", s->dev.name);
	while (left && !cause) {
		size_t len = left < sizeof(piece) ? (size_t)left : sizeof(piece);

		cause = next_bytes(s, &f, piece, len, err);
		if (!cause && !text_write(fd, piece, len))
			cause = error_set_os(err, CAUSE_RESOURCE, errno, "%s: no room for a copy",
				s->dev.name);
		left -= len;
	}
	close_file(&f);
	return say_file(cause, path, err);
}
