/* SPDX-License-Identifier: MIT */
/* rss_latchkey - latchkey, and every two seconds a kernel error with its memory and the kernel's, in KiB. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The rest of the line of @path behind @name, or NULL. */
static const char *value_of(const char *path, const char *name)
{
	static char text[2][4096];
	static unsigned turn;
	char *line, *here = text[turn++ & 1];
	int fd = open(path, O_RDONLY), n;

	if (fd < 0)
		return NULL;
	n = (int)read(fd, here, sizeof(text[0]) - 1);
	close(fd);
	here[n > 0 ? n : 0] = 0;
	line = strstr(here, name);
	if (!line)
		return NULL;
	line[strcspn(line, "\n")] = 0;
	return line + strlen(name);
}

int main(int argc, char **argv)
{
	pid_t parent = getpid();
	char path[64], text[128];

	(void)argc;
	if (fork()) {
		execv("/bin/latchkey.real", argv);
		return 98;
	}
	snprintf(path, sizeof(path), "/proc/%d/status", (int)parent);
	for (;;) {
		const char *rss, *slab;
		int kmsg, n;

		sleep(2);
		rss = value_of(path, "VmRSS:");
		slab = value_of("/proc/meminfo", "Slab:");
		if (!rss || !slab)
			return 0;
		kmsg = open("/dev/kmsg", O_WRONLY);
		n = snprintf(text, sizeof(text), "<3>rss %s slab %s\n", rss, slab);
		if (write(kmsg, text, (size_t)n) != n)
			return 1;
		close(kmsg);
	}
}
