/* SPDX-License-Identifier: MIT */
/*
 * late_latchkey - latchkey on a machine whose three SCSI disks are there, but not ready: open(2) gives ENXIO.
 *
 * They are ready 2 s after one more disk was plugged in.
 */
#include <fcntl.h>
#include <glob.h>
#include <unistd.h>

enum { DISKS = 3 };

static const char disks[] = "/sys/block/sd*/device/state";

static size_t count(void)
{
	glob_t g;
	size_t n = glob(disks, 0, NULL, &g) ? 0 : g.gl_pathc;

	globfree(&g);
	return n;
}

static void set_all(const char *state, size_t len)
{
	glob_t g;

	if (glob(disks, 0, NULL, &g))
		return;
	for (size_t i = 0; i < g.gl_pathc; i++) {
		int fd = open(g.gl_pathv[i], O_WRONLY);

		if (fd < 0 || write(fd, state, len) < 0)
			_exit(97);
		close(fd);
	}
	globfree(&g);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 99;
	while (count() < DISKS)
		usleep(100000);
	set_all("offline\n", 8);
	if (!fork()) {
		while (count() == DISKS)
			usleep(100000);
		sleep(2);
		set_all("running\n", 8);
		_exit(0);
	}
	execv("/bin/latchkey.real", argv);
	return 98;
}
