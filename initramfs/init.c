/* SPDX-License-Identifier: MIT */
/*
 * init - process 1 of an initramfs whose root is on LUKS.
 *
 * The story, in order: mount what programs expect, load the drivers of /etc/modules, read
 * the kernel command line, run `latchkey boot` until everything is open, mount the root, make
 * sure that it has an init, and only then delete the initramfs and become that init.
 *
 * It never exits, for the kernel panics when process 1 does, and it has no shell to offer:
 * a machine that asks for a passphrase is in the hands of whoever sits in front of it.
 *
 * By the name of latchkey the same file is latchkey: two programs would bring most of one another twice.
 */
#include "base/clock.h"
#include "base/relro.h"
#include "base/text.h"
#include "console.h"
#include "device/find.h"
#include "device/sysblock.h"
#include "devices.h"
#include "early.h"
#include "latchkey.h"
#include "root.h"
#include "stop.h"
#include "switch.h"
#include "unlock.h"
#include "wait.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define NEW_ROOT "/newroot"
#define MAPPER "/dev/mapper/"

/* ROOT_PATIENCE_S: after all is open, for a root= that is somewhere else. */
enum { CMDLINE_BYTES = 8192, PATH_BYTES = 512, ROOT_PATIENCE_S = 10 };

/* The node of a device that is known by its numbers; "" when there is none. */
static void find_by_number(unsigned major, unsigned minor, char path[static SYSBLOCK_PATH_BYTES])
{
	char link[64], place[PATH_BYTES];
	const char *name;
	ssize_t n;

	text_format(link, sizeof(link), "/sys/dev/block/%u:%u", major, minor);
	n = readlink(link, place, sizeof(place) - 1);
	place[n > 0 ? n : 0] = 0;
	name = strrchr(place, '/');
	*path = 0;
	if (name)
		sysblock_path(name + 1, path);
}

/* @spec, as root= has it, as a path; "": not found. What was unlocked comes first: other disks need not be read then. */
static void look_for(const char *spec, const char *names, char path[static SYSBLOCK_PATH_BYTES])
{
	struct error err;
	size_t len;

	for (; *names; names += len + (names[len] == '\n')) {
		len = strcspn(names, "\n");
		text_format(path, SYSBLOCK_PATH_BYTES, MAPPER);
		if (sizeof(MAPPER) + len > SYSBLOCK_PATH_BYTES)
			continue;
		memcpy(path + strlen(MAPPER), names, len);
		path[strlen(MAPPER) + len] = 0;
		if (find_is_called(path, spec))
			return;
	}
	if (find_device(spec, path, SYSBLOCK_PATH_BYTES, &err))
		*path = 0;
}

/*
 * The same by a child: a disk that does not answer would hold whoever reads it, for ever. The child that is held is
 * listened to again, and no other one is made beside it. False: not found, or not yet.
 */
static bool find_path(const char *spec, const char *names, char path[static SYSBLOCK_PATH_BYTES])
{
	enum { LIMIT_MS = 10000 };
	static int fd = -1; /* of the child; -1: there is none */
	unsigned major, minor;
	int ends[2] = {-1, -1};
	pid_t child = -1;
	ssize_t n;

	*path = 0;
	if (words_device_number(spec, &major, &minor)) {
		find_by_number(major, minor, path);
		return true;
	}
	if (fd < 0 && !pipe2(ends, O_CLOEXEC))
		child = _Fork();
	if (!child) {
		look_for(spec, names, path);
		text_print(ends[1], "%s", path);
		_exit(0);
	}
	if (ends[1] >= 0)
		close(ends[1]);
	fd = fd < 0 ? ends[0] : fd;
	if (fd < 0)
		return false;
	if (!wait_readable(fd, LIMIT_MS)) {
		say("looking for the root %s: a disk does not answer", spec);
		return false;
	}
	n = read(fd, path, SYSBLOCK_PATH_BYTES - 1);
	path[n > 0 ? n : 0] = 0;
	close(fd);
	fd = -1;
	return n > 0;
}

/*
 * root= as a path in @path. What is not there yet may be on its way: it is waited for, in words.
 * False, with the reason said, when it does not come.
 */
static bool find_root(const struct words *w, const char *names, const char *mapping,
	char path[static SYSBLOCK_PATH_BYTES])
{
	const unsigned patience_s = w->root_wait_s > ROOT_PATIENCE_S ? w->root_wait_s : ROOT_PATIENCE_S;
	const uint64_t end_us = clock_now_us() + (uint64_t)patience_s * 1000000;
	const char *spec = w->root ? w->root : mapping;
	struct notice notice = {0};

	for (;;) {
		if (find_path(spec, names, path) && devices_is_block(path)) {
			/* The name that people know, rather than dm-0. */
			if (devices_are_same(path, mapping))
				text_format(path, SYSBLOCK_PATH_BYTES, "%s", mapping);
			return true;
		}
		if (!w->root_wait && (clock_now_us() >= end_us || !w->root))
			break;
		if (notice_due(&notice))
			say("waiting for the root %s", spec);
		(void)wait_block_event(1000);
	}
	say("the root %s is not there", spec);
	return false;
}

/* Returns the real init's path once its root is mounted on NEW_ROOT; NULL with the reason said. */
static const char *mount_and_check(const struct words *w, const char *names)
{
	char path[SYSBLOCK_PATH_BYTES], mapping[SYSBLOCK_PATH_BYTES];

	text_format(mapping, sizeof(mapping), MAPPER "%s", *names ? names : "root");
	mapping[strcspn(mapping, "\n")] = 0; /* the first one */
	if (!find_root(w, names, mapping, path) || !root_mount(w, path, NEW_ROOT))
		return NULL;
	return switch_check(NEW_ROOT, w->init);
}

static void leave(const struct words *w, char **argv)
{
	static char names[UNLOCK_NAMES_BYTES];
	const char *program;

	unlock(w, names);
	program = mount_and_check(w, names);
	if (program) {
		switch_root(NEW_ROOT, program, argv);
		return; /* too late to undo anything */
	}
	devices_say();
	(void)umount2(NEW_ROOT, 0);
	unlock_undo(names);
}

static bool is_latchkey(const char *called)
{
	const char *slash = strrchr(called, '/');

	return !strcmp(slash ? slash + 1 : called, "latchkey");
}

int main(int argc, char **argv)
{
	static char cmdline[CMDLINE_BYTES];
	static struct words words;

	if (argc && is_latchkey(argv[0]))
		return latchkey_main(argc, argv);
	relro_protect();
	if (getpid() != 1) {
		text_print(STDERR_FILENO,
			"init: this is process 1 of an initramfs; it is of no use elsewhere\n");
		return CAUSE_USAGE;
	}
	early_mount();
	console_hush();
	early_read_cmdline(cmdline, sizeof(cmdline));
	words_parse(&words, cmdline);
	console_be_quiet(words.quiet);
	wait_listen(); /* before the drivers, so that no device's arrival is missed */
	early_load_modules("/etc/modules");
	if (words.bad_panic)
		say("kernel command line: panic=%s is ignored: it is no number", words.bad_panic);
	leave(&words, argv);
	stop(words.panic_s);
}
