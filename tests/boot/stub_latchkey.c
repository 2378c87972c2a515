/* SPDX-License-Identifier: MIT */
/*
 * stub_latchkey - stands in for latchkey where a test is about what init does afterwards.
 *
 * The last argument, latchkey.name=, says how to end: "exit-N" with code N, "kill" by a
 * signal, "mapped-N" with code N after making /dev/mapper/NAME another name of DEVICE.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void make_node(const char *device, const char *name)
{
	char path[256] = "/dev/mapper/";
	struct stat st;

	(void)mkdir("/dev/mapper", 0755);
	strncat(path, name, sizeof(path) - strlen(path) - 1);
	if (stat(device, &st) || mknod(path, S_IFBLK | 0600, st.st_rdev))
		_exit(99);
}

int main(int argc, char **argv)
{
	const char *name = argv[argc - 1], *number = strchr(name, '-');

	if (argc < 3 || strcmp(argv[1], "open"))
		return 0;
	if (!strcmp(name, "kill"))
		raise(SIGKILL);
	if (!strncmp(name, "mapped-", 7))
		make_node(argv[argc - 2], name);
	return number ? atoi(number + 1) : 98;
}
