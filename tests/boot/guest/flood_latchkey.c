/* SPDX-License-Identifier: MIT */
/* flood_latchkey - latchkey, with a thousand kernel messages while it asks. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char line[100];
	int kmsg, n;

	(void)argc;
	if (fork()) {
		execv("/bin/latchkey.real", argv);
		return 98;
	}
	/* The record limit of /dev/kmsg applies to each opening of it. */
	sleep(3);
	for (int i = 0; i < 1000; i++) {
		kmsg = open("/dev/kmsg", O_WRONLY);
		n = snprintf(line, sizeof(line), "<4>flood %d: a message of the kernel that goes over the "
			"prompt\n", i);
		if (write(kmsg, line, (size_t)n) != n)
			return 1;
		close(kmsg);
		usleep(2000);
	}
	return 0;
}
