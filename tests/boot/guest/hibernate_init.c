/* SPDX-License-Identifier: MIT */
/*
 * hibernate_init - /sbin/init of a root beside an encrypted swap: goes to sleep on it, and says so when it is
 * back.
 *
 * What it knows by then only its memory knows: a machine that was not resumed, but booted anew, says "asleep"
 * again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(path);
	if (fd >= 0)
		close(fd);
}

int main(void)
{
	static char number[32];
	struct stat st;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (stat("/dev/mapper/swap", &st) || swapon("/dev/mapper/swap", 0))
		perror("root: /dev/mapper/swap");
	snprintf(number, sizeof(number), "%u:%u", major(st.st_rdev), minor(st.st_rdev));
	printf("root: asleep on %s\n", number);
	tcdrain(1);
	put("/sys/power/resume", number);
	put("/sys/power/disk", "shutdown");
	put("/sys/power/state", "disk");
	printf("root: back from %s\n", number);
	tcdrain(1);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
