/* SPDX-License-Identifier: MIT */
/* probe - see probe.h. */
#include "init/probe.h"
#include "base/text.h"
#include "device/find.h"
#include "init/cmdline.h"
#include "init/console.h"
#include "init/wait.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 512 };

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

bool probe_next_mapping(const char **names, char path[static SYSBLOCK_PATH_BYTES])
{
	size_t len = strcspn(*names, "\n"), before = text_format(path, SYSBLOCK_PATH_BYTES, PROBE_MAPPER);

	if (!len || before + len >= SYSBLOCK_PATH_BYTES)
		return false;
	memcpy(path + before, *names, len);
	path[before + len] = 0;
	*names += len + ((*names)[len] == '\n');
	return true;
}

/*
 * @spec, as root= has it, as a path; else what only a member of was found ("array"), or "". What was unlocked
 * comes first: other disks need not be read then.
 */
static void look_for(const char *spec, const char *names, char path[static SYSBLOCK_PATH_BYTES])
{
	struct member member;
	struct error err;

	while (probe_next_mapping(&names, path))
		if (find_is_called(path, spec))
			return;
	if (find_device_or_member(spec, path, SYSBLOCK_PATH_BYTES, &member, &err))
		text_format(path, SYSBLOCK_PATH_BYTES, "%s", member.mark.type ? member.mark.whole : "");
}

bool probe_find(const char *spec, const char *names, char path[static SYSBLOCK_PATH_BYTES])
{
	enum { LIMIT_MS = 10000 };
	static int fd = -1; /* of the child; -1: there is none */
	unsigned major, minor;
	int ends[2] = {-1, -1};
	pid_t child = -1;
	ssize_t n;

	*path = 0;
	if (init_cmdline_device_number(spec, &major, &minor)) {
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
		console_say("looking for root device %s: a disk does not respond", spec);
		return false;
	}
	n = read(fd, path, SYSBLOCK_PATH_BYTES - 1);
	path[n > 0 ? n : 0] = 0;
	close(fd);
	fd = -1;
	return *path == '/';
}
