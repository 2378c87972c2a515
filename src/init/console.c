/* SPDX-License-Identifier: MIT */
/* console - see console.h. */
#include "init/console.h"
#include "base/text.h"
#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static bool quiet;
static struct termios saved;
static bool have_saved;

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Fill the lowest free descriptor with something harmless. */
static void plug(const char *path, int flags)
{
	if (open(path, flags) < 0 && open("/dev/null", O_RDWR) < 0)
		(void)open("/", O_PATH); /* no nodes at all: a place holder that cannot be written to */
}

static bool console_on_standard_fds(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return false;
	for (int i = 0; i <= STDERR_FILENO; i++)
		if (fd != i)
			(void)dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
	return true;
}

void console_open(void)
{
	if (console_on_standard_fds())
		return;
	for (int i = 0; i <= STDERR_FILENO; i++)
		if (!is_open(i))
			plug(i ? "/dev/kmsg" : "/dev/null", i ? O_WRONLY : O_RDONLY);
}

void console_hush(void)
{
	struct termios hushed;

	if (!have_saved)
		have_saved = !tcgetattr(STDIN_FILENO, &saved);
	if (!have_saved)
		return;
	hushed = saved;
	hushed.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	/* A stray ^S would stop the console, and with it its writer, process 1. */
	hushed.c_iflag &= ~(tcflag_t)IXON;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &hushed);
}

void console_restore(void)
{
	if (have_saved)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

void console_adopt(void)
{
	(void)setsid();
	(void)console_on_standard_fds();
	(void)ioctl(STDIN_FILENO, TIOCSCTTY, 1); /* 1: take it from a session that has died */
}

void console_be_quiet(bool be)
{
	quiet = be;
}

static void write_line(int fd, const char *before, const char *fmt, va_list args)
{
	char line[1024];
	size_t used = text_format(line, sizeof(line), "%sinit: ", before);

	used += text_vformat(line + used, sizeof(line) - used - 1, fmt, args);
	line[used++] = '\n';
	(void)text_write(fd, line, used);
}

void console_say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	write_line(STDERR_FILENO, "", fmt, args);
	va_end(args);
}

void console_tell(const char *fmt, ...)
{
	int log = quiet ? open("/dev/kmsg", O_WRONLY | O_CLOEXEC) : -1;
	va_list args;

	va_start(args, fmt);
	if (!quiet)
		write_line(STDERR_FILENO, "", fmt, args);
	else if (log >= 0)
		write_line(log, "<6>", fmt, args); /* "quiet" keeps this level off the console, too */
	va_end(args);
	if (log >= 0)
		close(log);
}
