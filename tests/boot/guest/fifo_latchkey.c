/* SPDX-License-Identifier: MIT */
/*
 * fifo_latchkey - latchkey, with a program that writes /passphrase into its FIFO, as remote unlocking does.
 */
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char text[512];
	ssize_t n;
	int fd;

	(void)argc;
	if (fork()) {
		execv("/bin/latchkey.real", argv);
		return 98;
	}
	fd = open("/passphrase", O_RDONLY);
	n = read(fd, text, sizeof(text));
	while ((fd = open("/run/passfifo", O_WRONLY)) < 0)
		usleep(100000);
	sleep(2);
	return write(fd, text, (size_t)n) != n;
}
