/* SPDX-License-Identifier: MIT */
/* rss_latchkey - latchkey, and every two seconds a kernel error with its memory in KiB. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	pid_t parent = getpid();
	char path[64], text[4096];

	(void)argc;
	if (fork()) {
		execv("/bin/latchkey.real", argv);
		return 98;
	}
	snprintf(path, sizeof(path), "/proc/%d/status", (int)parent);
	for (;;) {
		int kmsg, n, status;
		char *rss;

		sleep(2);
		status = open(path, O_RDONLY);
		if (status < 0)
			return 0;
		n = (int)read(status, text, sizeof(text) - 1);
		close(status);
		text[n > 0 ? n : 0] = 0;
		rss = strstr(text, "VmRSS:");
		if (!rss)
			return 0;
		rss[strcspn(rss, "\n")] = 0;
		kmsg = open("/dev/kmsg", O_WRONLY);
		n = snprintf(text, 64, "<3>rss %s\n", rss + 6);
		if (write(kmsg, text, (size_t)n) != n)
			return 1;
		close(kmsg);
	}
}
