/* SPDX-License-Identifier: MIT */
/*
 * fuzz_machine - block devices, /sys, and the system calls that read them, from the lines of the input.
 * src/device is compiled into the fuzzer, with these calls in place of the kernel's.
 *
 *	NAME ATTRIBUTE VALUE    a file of /sys/class/block/NAME; VALUE ends with the line, \xHH is a byte
 *	NAME @ PLACE            where /sys/class/block/NAME leads
 *	NAME holders A/B        the names in a folder; also slaves
 *	NAME dev 8:1            the device's number; "size" is its length in sectors, "ro" not 0: read-only
 *	NAME =OFFSET BYTES      its contents; zeroes elsewhere
 *	NAME kind file          no block device: "file", "folder", or "pipe"
 *	PATH node NAME          another path to it
 *	PATH file BYTES         a file of a mounted filesystem; "kind" is as above
 *	! CALL NUMBER ERRNO     the call of this number, from 1, fails; ERRNO 0: it ends early
 *	uevent PID TEXT         a message that waits in the socket
 */
#ifndef TESTS_FUZZ_MACHINE_H
#define TESTS_FUZZ_MACHINE_H

#include "fuzz.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/cdrom.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum {
	MACHINE_RECORDS = 96,
	MACHINE_FDS = 16,
	MACHINE_FD = 5000,
	MACHINE_BYTES = 8192,
	MACHINE_CALLS_MAX = 100000,
	MACHINE_NAME = 128
};

struct machine_record {
	const char *name, *attribute, *value;
	size_t len;
	unsigned turns, why; /* of "!": calls until it fails */
	uint64_t off;        /* of contents; else UINT64_MAX */
};

/* What an open descriptor is of. */
struct machine_node {
	enum {
		MACHINE_NONE,
		MACHINE_FILE,
		MACHINE_FOLDER,
		MACHINE_BLOCK,
		MACHINE_PIPE,
		MACHINE_CONTROL,
		MACHINE_MOUNT
	} kind;
	const char *name; /* of a block device, or of a regular file with contents */
	const struct machine_record
		*record;               /* the bytes of a file; the names of a folder, NULL: all devices */
	char only_below[MACHINE_NAME]; /* of a folder: a disk, whose partitions are listed, too */
	size_t at;
	const char *driver; /* of a mount that is being made */
	bool read_only, no_journal;
};

static char machine_text[MACHINE_BYTES + 1];
static struct machine_record machine_records[MACHINE_RECORDS];
static unsigned machine_count, machine_calls, machine_events;
static struct machine_node machine_open_nodes[MACHINE_FDS];
static bool machine_is_open[MACHINE_FDS], machine_may_write;

/* The sanitizer's strcmp looks at each byte of both. */
static bool machine_same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static const struct machine_record *machine_find(const char *name, const char *attribute)
{
	for (unsigned i = 0; i < machine_count; i++)
		if (machine_same(machine_records[i].name, name) &&
			machine_same(machine_records[i].attribute, attribute))
			return &machine_records[i];
	return NULL;
}

static uint64_t machine_number(const char *name, const char *attribute, uint64_t otherwise)
{
	const struct machine_record *r = machine_find(name, attribute);

	return r ? strtoull(r->value, NULL, 0) : otherwise;
}

/* Is it this call's turn to fail? errno is why, then; 0: it is to end early. */
static bool machine_fails(const char *call)
{
	fuzz_check(++machine_calls < MACHINE_CALLS_MAX, "no end of system calls");
	for (unsigned i = 0; i < machine_count; i++) {
		struct machine_record *r = &machine_records[i];

		if (*r->name != '!' || strcmp(r->attribute, call) || --r->turns)
			continue;
		errno = (int)(r->why % 134);
		return true;
	}
	return false;
}

/* What is before one of @ends, in place. */
static char *machine_word(char **rest, const char *ends)
{
	char *word = *rest;

	*rest += strcspn(*rest, ends);
	if (**rest)
		*(*rest)++ = 0;
	return word;
}

static size_t machine_unescape(char *s)
{
	char *to = s, *start = s;
	unsigned byte;

	while (*s) {
		if (s[0] == '\\' && s[1] == 'x' && sscanf(s + 2, "%2x", &byte) == 1 && s[2] && s[3]) {
			*to++ = (char)byte;
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = 0;
	return (size_t)(to - start);
}

static void machine_put(struct fuzz_input in)
{
	size_t len = in.size < MACHINE_BYTES ? in.size : MACHINE_BYTES;
	char *rest = machine_text;

	for (size_t i = 0; i < len; i++)
		machine_text[i] = (char)(in.data[i] ? in.data[i] : '\n');
	machine_text[len] = 0;
	machine_count = machine_calls = machine_events = 0;
	memset(machine_is_open, 0, sizeof(machine_is_open));
	while (*rest && machine_count < MACHINE_RECORDS) {
		char *line = machine_word(&rest, "\n");
		struct machine_record *r = &machine_records[machine_count++];

		r->name = machine_word(&line, " ");
		r->attribute = machine_word(&line, " ");
		r->len = machine_unescape(line);
		r->value = line;
		r->turns = r->why = 0;
		r->off = *r->attribute == '=' ? strtoull(r->attribute + 1, NULL, 0) : UINT64_MAX;
		if (*r->name == '!')
			(void)sscanf(line, "%u %u", &r->turns, &r->why);
	}
}

/* --- names ------------------------------------------------------------------------------------------- */

static const char *machine_behind(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(path, prefix, len) ? NULL : path + len;
}

/* What is before @end into @name; returns what is behind it, "" when there is none. */
static const char *machine_cut(const char *text, char end, char name[static MACHINE_NAME])
{
	size_t len = strcspn(text, (char[]){end, 0});

	snprintf(name, MACHINE_NAME, "%.*s", (int)len, text);
	return text + len + (text[len] == end);
}

static bool machine_has(const char *name)
{
	for (unsigned i = 0; i < machine_count; i++)
		if (machine_same(machine_records[i].name, name) && *name != '!')
			return true;
	return false;
}

static const char *machine_by_number(const char *number)
{
	for (unsigned i = 0; i < machine_count; i++)
		if (!strcmp(machine_records[i].attribute, "dev") && !strcmp(machine_records[i].value, number))
			return machine_records[i].name;
	return NULL;
}

static struct machine_node machine_attribute(const char *name, const char *attribute)
{
	struct machine_node n = {.kind = MACHINE_NONE};
	char other[MACHINE_NAME];
	const char *behind;

	if (!name)
		return n;
	if ((behind = machine_behind(attribute, "slaves/"))) /* a link to another device */
		attribute = machine_cut(behind, '/', other);
	n.record = machine_find(behind ? other : name, attribute);
	if (n.record)
		n.kind = strcmp(attribute, "holders") && strcmp(attribute, "slaves") ? MACHINE_FILE
		                                                                     : MACHINE_FOLDER;
	return n;
}

static struct machine_node machine_device(const char *name)
{
	const struct machine_record *kind = machine_find(name, "kind");
	struct machine_node n = {.kind = MACHINE_NONE};

	if (!machine_has(name))
		return n;
	n.name = machine_records[0].name;
	for (unsigned i = 0; i < machine_count; i++)
		if (machine_same(machine_records[i].name, name))
			n.name = machine_records[i].name;
	n.kind = !kind                            ? MACHINE_BLOCK
	         : !strcmp(kind->value, "file")   ? MACHINE_FILE
	         : !strcmp(kind->value, "folder") ? MACHINE_FOLDER
	                                          : MACHINE_PIPE;
	return n;
}

static struct machine_node machine_path(const char *path)
{
	struct machine_node none = {.kind = MACHINE_NONE}, n = none;
	const struct machine_record *r;
	const char *rest;
	char name[MACHINE_NAME];
	unsigned fd;

	if ((r = machine_find(path, "node")))
		return machine_device(r->value);
	if (!strcmp(path, "/proc/filesystems")) {
		n.record = machine_find("proc", "filesystems");
		n.kind = n.record ? MACHINE_FILE : MACHINE_NONE;
		return n;
	}
	if ((rest = machine_behind(path, "/proc/self/fd/"))) {
		fd = (unsigned)atoi(rest) - MACHINE_FD;
		return fd < MACHINE_FDS && machine_is_open[fd] ? machine_open_nodes[fd] : none;
	}
	if (!strcmp(path, "/sys/class/block")) {
		n.kind = machine_find("!", "sys") ? MACHINE_NONE : MACHINE_FOLDER;
		return n;
	}
	if ((rest = machine_behind(path, "/sys/class/block/"))) {
		rest = machine_cut(rest, '/', name);
		if (*rest)
			return machine_attribute(name, rest);
		n.kind = machine_has(name) ? MACHINE_FOLDER : MACHINE_NONE;
		memcpy(n.only_below, name, sizeof(name));
		return n;
	}
	if ((rest = machine_behind(path, "/sys/dev/block/"))) {
		rest = machine_cut(rest, '/', name);
		return machine_attribute(machine_by_number(name), rest);
	}
	if (!strcmp(path, "/dev/loop-control")) {
		n.kind = MACHINE_CONTROL;
		return n;
	}
	if ((rest = machine_behind(path, "/dev/"))) {
		snprintf(name, sizeof(name), "%s", rest);
		for (char *p = name; *p; p++)
			*p = *p == '/' ? '!' : *p;
		return machine_device(name);
	}
	return machine_device(path);
}

/* --- system calls ------------------------------------------------------------------------------------ */

static int machine_new(struct machine_node n)
{
	for (unsigned i = 0; i < MACHINE_FDS; i++)
		if (!machine_is_open[i]) {
			machine_is_open[i] = true;
			machine_open_nodes[i] = n;
			return (int)i + MACHINE_FD;
		}
	fuzz_check(false, "descriptors are left open");
	return -1;
}

static struct machine_node *machine_of(int fd)
{
	unsigned i = (unsigned)fd - MACHINE_FD;

	fuzz_check(i < MACHINE_FDS && machine_is_open[i], "a descriptor that is not open");
	return &machine_open_nodes[i];
}

static int machine_error(int why)
{
	errno = why;
	return -1;
}

int os_open(const char *path, int flags);
int os_open(const char *path, int flags)
{
	struct machine_node n;

	if (machine_fails("open"))
		return errno ? -1 : machine_error(EINTR);
	n = machine_path(path);
	n.at = 0;
	if (n.kind == MACHINE_NONE || ((flags & O_DIRECTORY) && n.kind != MACHINE_FOLDER))
		return machine_error(n.kind ? ENOTDIR : ENOENT);
	fuzz_check(n.kind != MACHINE_PIPE || flags & O_NONBLOCK, "a pipe is waited for");
	fuzz_check((flags & O_ACCMODE) == O_RDONLY || n.kind == MACHINE_CONTROL || machine_may_write,
		"a device is opened for writing");
	fuzz_check(!(flags & (O_CREAT | O_TRUNC)), "a file is made");
	return machine_new(n);
}

static int machine_close(int fd)
{
	(void)machine_of(fd);
	machine_is_open[fd - MACHINE_FD] = false;
	return 0;
}

static ssize_t machine_pread(int fd, void *buf, size_t len, off_t off)
{
	struct machine_node *n = machine_of(fd);
	uint64_t from = (uint64_t)off;

	if (machine_fails("pread"))
		return errno ? -1 : 0;
	fuzz_check(n->name && off >= 0, "no device is read");
	memset(buf, 0, len);
	for (unsigned i = 0; i < machine_count; i++) {
		const struct machine_record *r = &machine_records[i];
		uint64_t at = r->off;

		if (at > INT64_MAX || !machine_same(r->name, n->name))
			continue;
		for (size_t k = at < from ? (size_t)(from - at) : 0; k < r->len && at + k - from < len; k++)
			((char *)buf)[at + k - from] = r->value[k];
	}
	return (ssize_t)len;
}

static ssize_t machine_read(int fd, void *buf, size_t len)
{
	struct machine_node *n = machine_of(fd);
	size_t left = n->record ? n->record->len - n->at : 0;

	if (machine_fails("read"))
		return errno ? -1 : 0;
	len = len < left ? len : left;
	memcpy(buf, n->record ? n->record->value + n->at : "", len);
	n->at += len;
	return (ssize_t)len;
}

static void machine_stat_of(const struct machine_node *n, struct stat *st)
{
	const struct machine_record *dev = n->name ? machine_find(n->name, "dev") : NULL;
	unsigned major_number = 8, minor_number = 0;

	if (dev)
		(void)sscanf(dev->value, "%u:%u", &major_number, &minor_number);
	*st = (struct stat){.st_mode = n->kind == MACHINE_BLOCK    ? S_IFBLK
	                               : n->kind == MACHINE_FOLDER ? S_IFDIR
	                               : n->kind == MACHINE_PIPE   ? S_IFIFO
	                                                           : S_IFREG};
	st->st_rdev = st->st_dev = makedev(major_number, minor_number);
	st->st_size = n->record
	                      ? (off_t)n->record->len
	                      : (off_t)((n->name ? machine_number(n->name, "size", 0) : 0) << 9 & INT64_MAX);
}

static int machine_fstat(int fd, struct stat *st)
{
	if (machine_fails("fstat"))
		return errno ? -1 : machine_error(EIO);
	machine_stat_of(machine_of(fd), st);
	return 0;
}

static int machine_stat(const char *path, struct stat *st)
{
	struct machine_node n = machine_path(path);

	if (!n.kind || machine_fails("stat"))
		return machine_error(ENOENT);
	machine_stat_of(&n, st);
	return 0;
}

static int machine_access(const char *path, int mode)
{
	if (machine_fails("access"))
		return errno ? -1 : machine_error(EROFS);
	(void)mode;
	return machine_path(path).kind ? 0 : machine_error(ENOENT);
}

static ssize_t machine_readlink(const char *path, char *out, size_t size)
{
	const char *name, *rest = machine_behind(path, "/sys/class/block/");
	const struct machine_record *r = NULL;
	char text[256];
	size_t len;

	if ((name = machine_behind(path, "/sys/dev/block/"))) {
		name = machine_by_number(name);
		snprintf(text, sizeof(text), "../../block/%s", name ? name : "");
	} else if (rest) {
		rest = machine_cut(rest, '/', text);
		r = machine_find(text, *rest ? "device" : "@");
		name = r ? r->value : NULL;
		snprintf(text, sizeof(text), "%s", name ? name : "");
	}
	if (!name || machine_fails("readlink"))
		return machine_error(ENOENT);
	len = strlen(text);
	len = len < size ? len : size;
	memcpy(out, text, len);
	return (ssize_t)len;
}

/* One name for each call, as far as it fits: getdents64(2). */
static long machine_names(int fd, uint8_t *out, size_t size)
{
	struct machine_node *n = machine_of(fd);
	char name[128] = "";
	uint16_t length;

	if (machine_fails("getdents"))
		return errno ? -1 : 0;
	if (n->record) {
		const char *s = n->record->value + n->at;
		size_t len = strcspn(s, "/");

		snprintf(name, sizeof(name), "%.*s", (int)len, s);
		n->at += len + (s[len] == '/');
	} else {
		while (n->at < machine_count && !*name) {
			const struct machine_record *r = &machine_records[n->at++];

			if (machine_find(r->name, r->attribute) == r &&
				!strcmp(r->attribute, *n->only_below ? "partition" : "size") &&
				(!*n->only_below || machine_behind(r->name, n->only_below)))
				snprintf(name, sizeof(name), "%s", r->name);
		}
	}
	if (!*name)
		return 0;
	length = (uint16_t)((20 + strlen(name) + 7) / 8 * 8);
	fuzz_check(length <= size, "no room for a name");
	memset(out, 0, length);
	memcpy(out + 16, &length, 2);
	memcpy(out + 19, name, strlen(name));
	return length;
}

static long machine_ioctl(int fd, unsigned long request, unsigned long arg)
{
	struct machine_node *n = machine_of(fd);

	if (machine_fails("ioctl"))
		return errno ? -1 : machine_error(EINVAL);
	switch (request) {
	case BLKGETSIZE64:
		*(uint64_t *)arg = machine_number(n->name, "size", 0) << 9 & INT64_MAX;
		return 0;
	case BLKROGET:
		*(int *)arg = machine_number(n->name, "ro", 0) != 0;
		return 0;
	case CDROM_DRIVE_STATUS:
		return (long)(machine_number(n->name, "disc", CDS_DISC_OK) % 5);
	case LOOP_CTL_GET_FREE:
		fuzz_check(n->kind == MACHINE_CONTROL, "another device is asked for a free one");
		return 0;
	case LOOP_CONFIGURE:
	case LOOP_SET_FD:
	case LOOP_SET_STATUS64:
	case LOOP_CLR_FD:
		fuzz_check(n->name && !strcmp(n->name, "loop0"), "no loop device is bound");
		return 0;
	default:
		fuzz_check(false, "an ioctl that changes something");
		return -1;
	}
}

/* What keeps a driver from replaying a journal. */
static bool machine_needs(const char *driver, const char **key)
{
	static const char *const keys[][2] = {{"ext4", "noload"}, {"xfs", "norecovery"}, {"btrfs", "rescue"},
		{"f2fs", "norecovery"}};

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(keys[i][0], driver))
			*key = keys[i][1];
	return *key;
}

static long machine_fsconfig(int fd, unsigned command, const char *key)
{
	struct machine_node *n = machine_of(fd);
	const char *needed = NULL;

	fuzz_check(n->kind == MACHINE_MOUNT, "no mount is made");
	if (machine_fails("fsconfig"))
		return errno ? -1 : machine_error(EINVAL);
	if (command == FSCONFIG_CMD_CREATE) {
		fuzz_check(n->read_only, "a filesystem is opened for writing");
		fuzz_check(!machine_needs(n->driver, &needed) || n->no_journal, "a journal is replayed");
	} else {
		n->read_only |= !strcmp(key, "ro");
		n->no_journal |= machine_needs(n->driver, &needed) && !strcmp(key, needed);
	}
	return 0;
}

static long machine_openat2(const char *path, const struct open_how *how)
{
	struct machine_node n = machine_device(path);

	fuzz_check(how->resolve & RESOLVE_BENEATH && (how->flags & O_ACCMODE) == O_RDONLY &&
			   how->flags & O_NONBLOCK,
		"a file of a stick leads elsewhere");
	if (machine_fails("openat2"))
		return errno ? -1 : machine_error(EXDEV);
	n.record = machine_find(path, "file");
	if (n.kind == MACHINE_BLOCK)
		n.kind = MACHINE_FILE;
	return n.kind ? machine_new(n) : machine_error(ENOENT);
}

static long machine_syscall(long number, ...)
{
	unsigned long a[5];
	va_list more;

	va_start(more, number);
	for (unsigned i = 0; i < 5; i++)
		a[i] = va_arg(more, unsigned long);
	va_end(more);
	switch (number) {
	case SYS_ioctl:
		return machine_ioctl((int)a[0], a[1], a[2]);
	case SYS_getdents64:
		return machine_names((int)a[0], (uint8_t *)a[1], a[2]);
	case SYS_fsopen:
		return machine_fails("fsopen") ? machine_error(errno ? errno : ENODEV)
		                               : machine_new((struct machine_node){.kind = MACHINE_MOUNT,
							 .driver = (const char *)a[0]});
	case SYS_fsconfig:
		return machine_fsconfig((int)a[0], (unsigned)a[1], (const char *)a[2]);
	case SYS_fsmount:
		fuzz_check(a[2] & MOUNT_ATTR_RDONLY && a[2] & MOUNT_ATTR_NODEV,
			"a mount that can be written");
		return machine_fails("fsmount") ? machine_error(errno ? errno : EINVAL)
		                                : machine_new((struct machine_node){.kind = MACHINE_FOLDER});
	case SYS_openat2:
		(void)machine_of((int)a[0]);
		return machine_openat2((const char *)a[1], (const struct open_how *)a[2]);
	default:
		fuzz_check(false, "another system call");
		return -1;
	}
}

static int machine_socket(void)
{
	return machine_fails("socket") ? machine_error(errno ? errno : EPERM)
	                               : machine_new((struct machine_node){.kind = MACHINE_PIPE});
}

static int machine_bind(int fd, const void *addr)
{
	(void)machine_of(fd);
	fuzz_check(addr, "no address");
	return machine_fails("bind") ? machine_error(errno ? errno : EPERM) : 0;
}

static ssize_t machine_receive(int fd, void *buf, size_t room, struct sockaddr_nl *from, const socklen_t *len)
{
	(void)machine_of(fd);
	fuzz_check(*len == sizeof(*from), "no room for an address");
	if (machine_fails("recvfrom"))
		return errno ? -1 : machine_error(ENOBUFS);
	for (; machine_events < machine_count; machine_events++) {
		const struct machine_record *r = &machine_records[machine_events];

		if (strcmp(r->name, "uevent"))
			continue;
		machine_events++;
		from->nl_pid = (uint32_t)atoi(r->attribute);
		memcpy(buf, r->value, r->len < room ? r->len : room);
		return (ssize_t)(r->len < room ? r->len : room);
	}
	return machine_error(EAGAIN);
}

static void machine_check_closed(void)
{
	for (unsigned i = 0; i < MACHINE_FDS; i++)
		fuzz_check(!machine_is_open[i], "a descriptor is left open");
}

#endif
