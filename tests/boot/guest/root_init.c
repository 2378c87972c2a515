/* SPDX-License-Identifier: MIT */
/*
 * root_init - /sbin/init of the test's encrypted root: says what it was given, then powers off.
 *
 * Each line starts with "root: "; the tests read them from the serial console. The argument "demo" makes it
 * print less.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

/* Print the lines of @path that hold @want, each behind "root: @what ". */
static void show_lines(const char *what, const char *path, const char *want)
{
	FILE *file = fopen(path, "r");
	char line[1024];

	if (!file)
		printf("root: %s %s cannot be read\n", what, path);
	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, want))
			printf("root: %s %s\n", what, strtok(line, "\n"));
	if (file)
		fclose(file);
}

/* What init left open would stay open for the life of the machine. */
static void show_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	printf("root: descriptors");
	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.' && (entry->d_name[0] - '0') != dirfd(dir))
			printf(" %s", entry->d_name);
	printf("\n");
	if (dir)
		closedir(dir);
}

static void show_self(int argc, char **argv)
{
	struct termios t;

	printf("root: pid %d argv", (int)getpid());
	for (int i = 0; i < argc; i++)
		printf(" [%s]", argv[i]);
	printf("\nroot: echo %s\n", tcgetattr(0, &t) ? "unknown" : t.c_lflag & ECHO ? "on" : "off");
}

/* Does the mapping know its device, and does writing to the root fail as it must? */
static void show_root(void)
{
	int fd = open("/written", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	printf("root: writable %s\n", fd < 0 ? "no" : "yes");
	if (fd >= 0)
		close(fd);
}

/* What only the tests want to know. */
static void show_facts(int argc, char **argv)
{
	show_lines("uptime", "/proc/uptime", "");
	show_self(argc, argv);
	show_descriptors();
	show_lines("mount", "/proc/mounts", "");
	show_lines("memory", "/proc/meminfo", "Shmem:");
	show_lines("memory", "/proc/meminfo", "Unevictable:");
	show_root();
}

int main(int argc, char **argv)
{
	bool demo = argc > 1 && !strcmp(argv[1], "demo");

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (demo)
		show_lines("mount", "/proc/mounts", "/dev/mapper/");
	else
		show_facts(argc, argv);
	show_lines("witness", "/etc/witness", "");
	fflush(stdout);
	tcdrain(1);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
