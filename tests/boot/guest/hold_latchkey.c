/* SPDX-License-Identifier: MIT */
/*
 * hold_latchkey - latchkey, with a program that has the root's device for itself for a while, as udev's
 * helpers do.
 */
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd;

	(void)argc;
	while ((fd = open("/dev/vda", O_RDONLY | O_EXCL | O_CLOEXEC)) < 0)
		usleep(100000);
	if (!fork()) {
		sleep(8);
		_exit(0);
	}
	close(fd);
	execv("/bin/latchkey.real", argv);
	return 98;
}
