/* SPDX-License-Identifier: MIT */
/*
 * token_init - process 1 of a guest with security keys: latchkey's side of latchkey-token(7), for
 * tests/boot/test_token.py.
 *
 * For each file in /etc/tokens and each hidraw device with the usage page F1D0, those that come later too, it
 * runs /lib/latchkey/token/systemd-fido2 as user 65534. What the programs say goes to the console, "token:
 * NAME DEVICE: line"; a line typed there answers the last one that asked. When one gives a passphrase the
 * others are ended, the passphrase is printed, and the machine goes off; also at a line "off".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "/lib/latchkey/token/systemd-fido2"
enum { RUNS_MAX = 64, NAME_BYTES = 64 };

static struct run {
	char token[NAME_BYTES], device[NAME_BYTES];
	bool here; /* the device, at the last look */
	pid_t pid;
	int answers, passphrase, lines;
	char line[256];
	size_t used;
} runs[RUNS_MAX];
static int run_count;
static struct run *asking;

static void load_modules(void)
{
	FILE *f = fopen("/etc/modules", "r");
	char path[256];

	while (f && fgets(path, sizeof(path), f)) {
		int fd;

		path[strcspn(path, "\n")] = 0;
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
			printf("token: module %s: %s\n", path, strerror(errno));
		close(fd);
	}
	if (f)
		fclose(f);
}

static bool is_key(const char *device)
{
	char path[256];
	unsigned char descriptor[4096];
	bool found = false;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/hidraw/%s/device/report_descriptor", device);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, descriptor, sizeof(descriptor));
	for (ssize_t i = 0; i + 3 <= n; i++)
		found |= !memcmp(descriptor + i, "\x06\xd0\xf1", 3);
	close(fd);
	return found;
}

static void move(int from, int to)
{
	dup2(from, to);
}

static void become(struct run *r, int answers, int passphrase, int lines)
{
	char path[512];
	char *argv[] = {PROGRAM, NULL}, *envp[] = {NULL};
	int token, device, high[5];

	snprintf(path, sizeof(path), "/etc/tokens/%s", r->token);
	token = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/dev/%s", r->device);
	device = open(path, O_RDWR);
	const int all[5] = {answers, passphrase, lines, token, device};
	for (int i = 0; i < 5; i++)
		high[i] = fcntl(all[i], F_DUPFD, 100);
	for (int i = 0; i < 5; i++)
		move(high[i], i);
	syscall(SYS_close_range, 5, ~0u, 0);
	if (chdir("/") || setsid() < 0 || setgroups(0, NULL) || setgid(65534) || setuid(65534) ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		_exit(99);
	execve(PROGRAM, argv, envp);
	_exit(98);
}

static void start(struct run *r)
{
	int answers[2], passphrase[2], lines[2];

	if (pipe2(answers, O_CLOEXEC) || pipe2(passphrase, O_CLOEXEC) || pipe2(lines, O_CLOEXEC))
		return;
	r->used = 0;
	r->pid = fork();
	if (!r->pid)
		become(r, answers[0], passphrase[1], lines[1]);
	close(answers[0]);
	close(passphrase[1]);
	close(lines[1]);
	r->answers = answers[1];
	r->passphrase = passphrase[0];
	r->lines = lines[0];
}

static struct run *find(const char *token, const char *device)
{
	for (int i = 0; i < run_count; i++)
		if (!strcmp(runs[i].token, token) && !strcmp(runs[i].device, device))
			return &runs[i];
	if (run_count == RUNS_MAX)
		return NULL;
	snprintf(runs[run_count].token, NAME_BYTES, "%s", token);
	snprintf(runs[run_count].device, NAME_BYTES, "%s", device);
	return &runs[run_count++];
}

static void each_token(const char *device)
{
	DIR *dir = opendir("/etc/tokens");
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		struct run *r = *e->d_name == '.' ? NULL : find(e->d_name, device);

		if (!r)
			continue;
		if (!r->here && !r->pid)
			start(r);
		r->here = true;
	}
	if (dir)
		closedir(dir);
}

/* Each key that was not there at the last look gets its runs. */
static void look(void)
{
	DIR *dir = opendir("/sys/class/hidraw");
	struct dirent *e;

	for (int i = 0; i < run_count; i++) {
		char path[512];

		snprintf(path, sizeof(path), "/sys/class/hidraw/%s", runs[i].device);
		if (access(path, F_OK))
			runs[i].here = false;
	}
	while (dir && (e = readdir(dir)))
		if (*e->d_name != '.' && is_key(e->d_name))
			each_token(e->d_name);
	if (dir)
		closedir(dir);
}

/* Ended: with a passphrase? */
static bool reap(struct run *r)
{
	char passphrase[1024] = "";
	int status = -1;
	ssize_t n = read(r->passphrase, passphrase, sizeof(passphrase) - 1);

	waitpid(r->pid, &status, 0);
	printf("token: %s %s ends with %d\n", r->token, r->device,
		WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	if (n > 0 && WIFEXITED(status) && !WEXITSTATUS(status))
		printf("token: %s %s gives %s\n", r->token, r->device, passphrase);
	close(r->answers);
	close(r->passphrase);
	close(r->lines);
	r->pid = 0;
	if (asking == r)
		asking = NULL;
	return n > 0 && !status;
}

/* True when it has ended with a passphrase. */
static bool hear(struct run *r)
{
	char c;

	if (read(r->lines, &c, 1) != 1)
		return reap(r);
	if (c != '\n') {
		if (r->used < sizeof(r->line) - 1)
			r->line[r->used++] = c;
		return false;
	}
	r->line[r->used] = 0;
	r->used = 0;
	printf("token: %s %s: %s\n", r->token, r->device, r->line);
	if (!strncmp(r->line, "pin ", 4) || !strncmp(r->line, "few ", 4))
		asking = r;
	return false;
}

static void off(void)
{
	for (int i = 0; i < run_count; i++)
		if (runs[i].pid)
			close(runs[i].answers);
	for (int tenths = 0; tenths < 20; tenths++) {
		int left = 0;

		usleep(100000);
		for (int i = 0; i < run_count; i++) {
			int status;

			if (runs[i].pid && waitpid(runs[i].pid, &status, WNOHANG) == runs[i].pid) {
				printf("token: %s %s is ended with %d\n", runs[i].token, runs[i].device,
					WEXITSTATUS(status));
				runs[i].pid = 0;
			}
			left += runs[i].pid != 0;
		}
		if (!left)
			break;
	}
	printf("token: off\n");
	fflush(stdout);
	sleep(1); /* the keys' ends, and the console */
	reboot(RB_POWER_OFF);
}

/* False at a line "off". */
static bool typed(void)
{
	char line[600];
	ssize_t n = read(0, line, sizeof(line));

	if (n == 4 && !memcmp(line, "off\n", 4))
		return false;
	if (n > 0 && asking && write(asking->answers, line, (size_t)n) != n)
		printf("token: the answer is lost\n");
	return true;
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	mount("devtmpfs", "/dev", "devtmpfs", 0, "");
	mount("proc", "/proc", "proc", 0, "");
	mount("sysfs", "/sys", "sysfs", 0, "");
	load_modules();
	printf("token: ready\n");
	for (;;) {
		struct pollfd p[RUNS_MAX + 1] = {{.fd = 0, .events = POLLIN}};

		look();
		for (int i = 0; i < run_count; i++)
			p[i + 1] = (struct pollfd){.fd = runs[i].pid ? runs[i].lines : -1, .events = POLLIN};
		int count = run_count;
		poll(p, (nfds_t)count + 1, 200);
		for (int i = 0; i < count; i++)
			if (p[i + 1].revents && hear(&runs[i]))
				off();
		if (p[0].revents && !typed())
			off();
	}
}
