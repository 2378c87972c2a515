/* SPDX-License-Identifier: MIT */
/* flood_latchkey - latchkey, with a thousand kernel messages while it asks. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int kmsg;

	(void)argc;
	if (fork()) {
		execv("/bin/latchkey.real", argv);
		return 98;
	}
	/* The record limit of /dev/kmsg applies to each opening of it. */
	sleep(3);
	for (int i = 0; i < 1000; i++) {
		kmsg = open("/dev/kmsg", O_WRONLY);
		dprintf(kmsg, "<4>flood %d: a message of the kernel that goes over the prompt\n", i);
		close(kmsg);
		usleep(2000);
	}
	return 0;
}
