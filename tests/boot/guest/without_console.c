/* SPDX-License-Identifier: MIT */
/* without_console - a kernel that found no console gives process 1 no descriptors: do as it does. */
#include <unistd.h>

int main(int argc, char **argv)
{
	(void)argc;
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	argv[0] = (char[]){"/init"};
	execv("/init", argv);
	return 1;
}
