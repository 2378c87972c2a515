/* SPDX-License-Identifier: MIT */
/* prompt - see prompt.h. */
#include "secret/prompt.h"
#include "base/os.h"
#include "base/text.h"
#include "secret/arena.h"
#include "secret/fatal.h"
#include "secret/wipe.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* An end of file on a terminal is a key that somebody pressed, until it repeats at once. */
enum { EOF_LIMIT = 8 };

static struct {
	int fd;
	struct termios saved;
} terminal;

static void restore(void)
{
	/* Not TCSAFLUSH: it waits for the other end of a serial line to read. */
	(void)tcflush(terminal.fd, TCIFLUSH);
	(void)tcsetattr(terminal.fd, TCSANOW, &terminal.saved);
}

static int open_terminal(void)
{
	int fd = os_open("/dev/tty", O_RDWR | O_NOCTTY);

	if (fd >= 0)
		return fd;
	return isatty(STDIN_FILENO) ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : -1;
}

bool prompt_is_interactive(void)
{
	return isatty(STDIN_FILENO);
}

static void echo_back(void)
{
	restore();
	fatal_calls(FATAL_TERMINALS, NULL);
}

/* On failure the terminal is as it was. */
static enum cause echo_off(struct error *err)
{
	struct termios quiet;

	if (tcgetattr(terminal.fd, &terminal.saved))
		return error_set_os(err, CAUSE_DEVICE, errno, "terminal: cannot be set up");
	fatal_calls(FATAL_TERMINALS, restore);
	quiet = terminal.saved;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;
	quiet.c_iflag |= ICRNL;
	/* A stray ^S would stop the terminal, and us with it. */
	quiet.c_iflag &= ~(tcflag_t)IXON;
	/* No stop key: the shell that would come back shows what is typed next. */
	quiet.c_cc[VSUSP] = _POSIX_VDISABLE;
	if (!tcsetattr(terminal.fd, TCSAFLUSH, &quiet))
		return CAUSE_OK;
	error_set_os(err, CAUSE_DEVICE, errno, "terminal: cannot turn echo off");
	echo_back();
	return err->cause;
}

/* Wait until @fd can be read. */
static enum cause wait_readable(int fd, unsigned timeout_s, struct error *err)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n;

	do
		n = poll(&p, 1, timeout_s ? (int)(timeout_s > 2000000 ? 2000000 : timeout_s) * 1000 : -1);
	while (n < 0 && errno == EINTR);
	if (!n)
		return error_set(err, CAUSE_USAGE, "no passphrase was given within %u s", timeout_s);
	return CAUSE_OK;
}

/*
 * One line from @fd, byte by byte, so that nothing behind the newline is taken from a pipe.
 * Longer lines are read to their end and reported as @len > PROMPT_MAX_BYTES.
 */
static enum cause read_line(int fd, uint8_t *buf, size_t *len, bool *eof, struct error *err)
{
	uint8_t c;
	ssize_t n;

	for (*len = 0, *eof = false;; ++*len) {
		do
			n = read(fd, &c, 1);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return error_set_os(err, CAUSE_DEVICE, errno, "passphrase: cannot be read");
		*eof = n == 0;
		if (*eof || c == '\n')
			break;
		if (*len < PROMPT_MAX_BYTES)
			buf[*len] = c;
	}
	wipe(&c, 1);
	return CAUSE_OK;
}

static enum cause from_pipe(uint8_t *buf, unsigned timeout_s, size_t *len, struct error *err)
{
	enum cause cause = wait_readable(STDIN_FILENO, timeout_s, err);
	bool eof;

	if (!cause)
		cause = read_line(STDIN_FILENO, buf, len, &eof, err);
	if (!cause && *len > PROMPT_MAX_BYTES)
		cause = error_set(err, CAUSE_USAGE,
			"standard input: the first line is longer than %u bytes; use --key-file -",
			PROMPT_MAX_BYTES);
	if (!cause && !*len && eof)
		cause = error_set(err, CAUSE_USAGE, "standard input: contains no passphrase");
	return cause;
}

/* Ask until something usable is typed. Enter alone is often a mistake: it counts when it comes twice. */
static enum cause from_terminal(const char *what, uint8_t *buf, unsigned timeout_s, size_t *len,
	struct error *err)
{
	enum cause cause;
	unsigned ends = 0;
	bool eof, empty = false;

	for (;;) {
		text_print(terminal.fd, "Enter passphrase for %s: ", what);
		cause = wait_readable(terminal.fd, timeout_s, err);
		if (!cause)
			cause = read_line(terminal.fd, buf, len, &eof, err);
		text_print(terminal.fd, "\n");
		if (cause || (*len ? *len <= PROMPT_MAX_BYTES : empty && !eof))
			return cause;
		empty = !*len && !eof;
		if (eof && ++ends >= EOF_LIMIT)
			return error_set(err, CAUSE_DEVICE,
				"terminal: closed while a passphrase was asked for");
		if (*len)
			text_print(terminal.fd, "A passphrase has at most %u bytes.\n", PROMPT_MAX_BYTES);
		else
			text_print(terminal.fd, "Empty: press Enter again to try it.\n");
	}
}

/* One line, which may be empty. */
static enum cause one_line(const char *question, uint8_t *buf, unsigned timeout_s, size_t *len,
	struct error *err)
{
	enum cause cause;
	bool eof;

	(void)timeout_s;
	text_print(terminal.fd, "%s", question);
	cause = read_line(terminal.fd, buf, len, &eof, err);
	text_print(terminal.fd, "\n");
	if (*len > PROMPT_MAX_BYTES)
		*len = 0;
	return cause;
}

typedef enum cause asker(const char *, uint8_t *, unsigned, size_t *, struct error *);

static enum cause ask(asker *from, const char *what, uint8_t *buf, unsigned timeout_s, size_t *len,
	struct error *err)
{
	enum cause cause;

	terminal.fd = open_terminal();
	if (terminal.fd < 0)
		return error_set(err, CAUSE_DEVICE, "no terminal to prompt on");
	cause = echo_off(err);
	if (!cause) {
		cause = from(what, buf, timeout_s, len, err);
		echo_back();
	}
	close(terminal.fd);
	return cause;
}

static enum cause read_secret(asker *from, const char *what, unsigned timeout_s, struct secret *out,
	struct error *err)
{
	size_t mark = arena_mark(), len = 0;
	enum cause cause;
	uint8_t *buf;

	cause = arena_get(&buf, PROMPT_MAX_BYTES, err);
	if (!cause)
		cause = from ? ask(from, what, buf, timeout_s, &len, err)
		             : from_pipe(buf, timeout_s, &len, err);
	if (cause)
		arena_release(mark);
	*out = (struct secret){buf, len};
	return cause;
}

enum cause prompt_read(const char *what, unsigned timeout_s, struct secret *out, struct error *err)
{
	return read_secret(prompt_is_interactive() ? from_terminal : NULL, what, timeout_s, out, err);
}

enum cause prompt_ask(const char *question, struct secret *out, struct error *err)
{
	return read_secret(one_line, question, 0, out, err);
}
