/* SPDX-License-Identifier: MIT */
/* consoles - see consoles.h. */
#include "boot/consoles.h"
#include "base/cause.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/os.h"
#include "base/text.h"
#include "boot/typed_line.h"
#include "secret/fatal.h"
#include "secret/vault.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum {
	TEXT_COLUMNS = 200,
	STARS_MAX = 40,
	LINE_COLUMNS = TEXT_COLUMNS + STARS_MAX,
	/* A console that takes no output for so long is not waited for any more. */
	WRITE_PATIENCE_MS = 200,
	/* Kernel messages come in bursts: redraw when one has ended. */
	QUIET_MS = 250,
	/* So long after the last key the line on which it was pressed counts as forgotten. */
	TYPING_MS = 10000,
	/* A whole sentence, whose end may be a command, and the names before it. */
	LINE_BYTES = ERROR_TEXT_BYTES + 256,
};

struct console {
	int fd;
	unsigned device;
	struct termios saved;
	struct typed_line line;
	unsigned columns; /* of text on the console's current line */
	bool stuck;       /* it took no output in time */
	bool turned;      /* the line that is being typed answers a question that is asked no more */
	bool taken;       /* the line was handed out: wipe it at the next call */
	bool lent;        /* plymouthd reads this terminal now */
};

static struct {
	struct console c[CONSOLES_MAX];
	unsigned count;
	int kmsg; /* 0 or below: none */
	int log_level;
	uint64_t redraw_at_ms; /* 0: nothing to redraw */
	uint64_t typed_ms;
	bool asking, masked, quiet, interrupted;
	char text[TEXT_COLUMNS]; /* the prompt or the status */
	pid_t lent_to;
} all;

/* --- terminals --------------------------------------------------------------------------- */

/*
 * Discard input, but do not wait for output to drain: on a serial line that nothing is connected to it
 * never does.
 */
static bool set(const struct console *c, const struct termios *t)
{
	(void)tcflush(c->fd, TCIFLUSH);
	return !tcsetattr(c->fd, TCSANOW, t);
}

static void restore_terminals(void)
{
	for (unsigned i = 0; i < all.count; i++)
		if (!all.c[i].lent)
			(void)set(&all.c[i], &all.c[i].saved);
}

static bool make_raw(struct console *c, bool keys_for_signals)
{
	struct termios raw;

	if (tcgetattr(c->fd, &c->saved))
		return false;
	raw = c->saved;
	raw.c_lflag &= ~(tcflag_t)(ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHONL);
	/* On the machine's consoles ^C must not end us: there is no shell to return to. */
	if (!keys_for_signals)
		raw.c_lflag &= ~(tcflag_t)ISIG;
	raw.c_cc[VSUSP] = _POSIX_VDISABLE;
	raw.c_iflag &= ~(tcflag_t)(IXON | INLCR | IGNCR | ISTRIP);
	raw.c_iflag |= ICRNL | IGNBRK;
	raw.c_oflag |= OPOST | ONLCR;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return set(c, &raw);
}

/*
 * @fd becomes a console if it is a terminal that is not in use yet; otherwise it is closed. @users: it is
 * standard input.
 */
static void add(int fd, bool users)
{
	struct console *c = &all.c[all.count];
	struct stat st;

	if (fd < 0)
		return;
	*c = (struct console){.fd = fd, .line = {.bytes = vault_line(all.count)}};
	if (fstat(fd, &st) || !S_ISCHR(st.st_mode) || all.count == CONSOLES_MAX - 1)
		goto no;
	/* tty0 is another name of the terminal in the foreground. */
	if (os_ioctl(fd, TIOCGDEV, &c->device))
		c->device = (unsigned)st.st_rdev;
	for (unsigned i = 0; i < all.count; i++)
		if (all.c[i].device == c->device)
			goto no;
	if (!make_raw(c, users))
		goto no;
	all.count++;
	return;
no:
	close(fd);
}

static int open_terminal(const char *path)
{
	/* A serial line that nothing is connected to must block neither open(2) nor write(2). */
	return open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

static void add_active(void)
{
	char names[256], path[280];
	char *name, *rest = names;

	(void)file_read("/sys/class/tty/console/active", names, sizeof(names));
	while ((name = strsep(&rest, " \n"))) {
		if (!*name || !text_join(path, sizeof(path), "/dev/", name, ""))
			continue;
		add(open_terminal(path), false);
	}
}

void consoles_open(bool only_ours)
{
	char level[32], tty[64];

	text_format(tty, sizeof(tty), "/proc/self/fd/%d", STDIN_FILENO);
	if (!only_ours)
		add_active();
	if (isatty(STDIN_FILENO))
		add(open_terminal(tty), true);
	if (!all.count && !only_ours)
		add(open_terminal("/dev/console"), false);
	all.kmsg = open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (all.kmsg > 0)
		(void)lseek(all.kmsg, 0, SEEK_END);
	(void)file_read("/proc/sys/kernel/printk", level, sizeof(level));
	all.log_level = *level >= '0' && *level <= '9' ? *level - '0' : 8;
	if (level[1] >= '0' && level[1] <= '9')
		all.log_level = 16; /* "debug" and beyond: all of them show */
	fatal_calls(FATAL_TERMINALS, restore_terminals);
}

static void drop(unsigned i)
{
	struct console gone = all.c[i];

	typed_line_wipe(&gone.line);
	close(gone.fd);
	/* Order does not matter; each vault line stays with its console. */
	all.c[i] = all.c[--all.count];
	all.c[all.count] = gone;
}

void consoles_close(void)
{
	consoles_rest();
	restore_terminals();
	fatal_calls(FATAL_TERMINALS, NULL);
	while (all.count)
		drop(0);
	if (all.kmsg > 0)
		close(all.kmsg);
	all.kmsg = 0;
}

/* --- writing ----------------------------------------------------------------------------- */

static void put(struct console *c, const char *text, size_t len)
{
	struct pollfd p = {.fd = c->fd, .events = POLLOUT};

	while (len) {
		ssize_t n = write(c->fd, text, len);

		if (n > 0) {
			text += n;
			len -= (size_t)n;
			c->stuck = false;
		} else if (errno != EINTR &&
			   (errno != EAGAIN || c->stuck || poll(&p, 1, WRITE_PATIENCE_MS) <= 0)) {
			c->stuck = true;
			return;
		}
	}
}

static unsigned stars(const struct console *c)
{
	unsigned n = all.asking && all.masked && !c->taken ? typed_line_characters(&c->line) : 0;

	return n < STARS_MAX ? n : STARS_MAX;
}

/* Replace the current line, without cursor control, so that it works on every terminal. @end: "\n" or "". */
static void draw_line(struct console *c, const char *text, unsigned star_count, const char *end)
{
	char out[3 * LINE_COLUMNS];
	size_t len = strlen(text), used = 0;
	unsigned columns = (unsigned)len + star_count;

	out[used++] = '\r';
	if (c->columns > columns) {
		memset(out + used, ' ', c->columns);
		used += c->columns;
		out[used++] = '\r';
	}
	used += text_format(out + used, LINE_COLUMNS, "%s", text);
	memset(out + used, '*', star_count);
	used += star_count;
	if (*end)
		out[used++] = '\n';
	put(c, out, used);
	c->columns = *end ? 0 : columns;
}

static void draw(struct console *c)
{
	if (!c->lent && (*all.text || c->columns))
		draw_line(c, all.text, stars(c), "");
}

void consoles_redraw(void)
{
	all.redraw_at_ms = 0;
	for (unsigned i = 0; i < all.count; i++)
		draw(&all.c[i]);
}

bool consoles_redraw_due(uint64_t now_ms)
{
	return all.redraw_at_ms && now_ms >= all.redraw_at_ms;
}

/* At level 7 the kernel does not print it on the consoles itself. */
static void log_line(const char *text)
{
	char line[LINE_BYTES + 8];
	size_t len = text_format(line, sizeof(line), "<7>%s\n", text);

	if (all.kmsg > 0 && write(all.kmsg, line, len) < 0)
		return; /* the log is only a copy */
}

void consoles_be_quiet(void)
{
	all.quiet = true;
}

static void print(const char *line)
{
	for (unsigned i = 0; i < all.count; i++) {
		if (!all.c[i].lent && all.c[i].columns)
			draw_line(&all.c[i], "", 0, ""); /* the prompt may be longer than the message */
		put(&all.c[i], line, strlen(line));
		put(&all.c[i], "\n", 1);
		all.c[i].columns = 0;
		draw(&all.c[i]);
	}
	if (!isatty(STDERR_FILENO) || !all.count)
		text_print(STDERR_FILENO, "%s\n", line);
}

void consoles_say(const char *fmt, ...)
{
	bool chatter = *fmt == *CONSOLES_CHATTER;
	char line[LINE_BYTES] = "latchkey: ";
	size_t used = strlen(line);
	va_list args;

	va_start(args, fmt);
	text_vformat(line + used, sizeof(line) - used, fmt + chatter, args);
	va_end(args);
	log_line(line);
	if (!chatter || !all.quiet)
		print(line);
}

void consoles_copy(const char *line)
{
	if (!*line)
		return;
	log_line(line);
	print(line);
}

/* --- asking ------------------------------------------------------------------------------ */

static void forget_line(struct console *c)
{
	typed_line_wipe(&c->line);
	c->taken = false;
}

static void show(const char *text, bool asking)
{
	if (asking == all.asking && !strcmp(all.text, text))
		return;
	all.asking = asking;
	text_format(all.text, sizeof(all.text), "%s", text);
	consoles_redraw();
}

void consoles_ask(const char *prompt, bool masked)
{
	all.masked = masked;
	show(prompt, true);
}

void consoles_status(const char *text)
{
	show(text, false);
}

void consoles_rest(void)
{
	for (unsigned i = 0; i < all.count; i++)
		forget_line(&all.c[i]);
	show("", false);
}

/* A whole line: is it an answer to the question? */
static bool is_usable(struct console *c)
{
	if (all.asking && !c->turned && c->line.len <= CONSOLES_PASSPHRASE_MAX_BYTES)
		return true;
	if (all.asking)
		draw_line(c,
			c->turned ? "The prompt changed while you typed: nothing was used."
				  : "A passphrase has at most 512 bytes.",
			0, "\n");
	c->turned = false;
	forget_line(c);
	draw(c);
	return false;
}

/* Byte by byte: what follows the newline may be the next passphrase and stays in the terminal's queue. */
static bool take(unsigned i, bool *gone)
{
	struct console *c = &all.c[i];
	uint8_t *byte = c->line.bytes + VAULT_LINE_BYTES - 1; /* not on the stack, where it would stay */
	unsigned before = stars(c);
	ssize_t n;

	while ((n = read(c->fd, byte, 1)) > 0) {
		if (all.asking)
			all.typed_ms = clock_now_ms();
		all.interrupted |= *byte == 'C' - '@';
		if (typed_line_edit(&c->line, *byte) && is_usable(c))
			return true;
	}
	*gone = n == 0 || (errno != EAGAIN && errno != EINTR);
	if (stars(c) != before)
		draw(c);
	return false;
}

bool consoles_turn(bool now)
{
	bool typing = clock_now_ms() - all.typed_ms < TYPING_MS, busy = false;

	for (unsigned i = 0; i < all.count; i++)
		busy |= all.c[i].line.len && !all.c[i].taken;
	if (!now && busy && typing)
		return false;
	for (unsigned i = 0; i < all.count; i++) {
		struct console *c = &all.c[i];
		uint8_t *byte = c->line.bytes + VAULT_LINE_BYTES - 1;

		if (c->taken)
			forget_line(c);
		/* What was typed and not read yet was typed before anybody could see the next question. */
		while (!c->lent && read(c->fd, byte, 1) > 0)
			if (typed_line_edit(&c->line, *byte))
				forget_line(c);
		c->turned = c->line.len != 0;
		forget_line(c);
	}
	return true;
}

/* The kernel may have written to the consoles: how much does not matter. */
static void on_kernel_message(void)
{
	char record[1024];
	ssize_t n;

	while ((n = read(all.kmsg, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		unsigned level = 0;

		for (ssize_t at = 0; at < n && record[at] >= '0' && record[at] <= '9'; at++)
			level = level * 10 + (unsigned)(record[at] - '0');
		if (n > 0 && (int)(level & 7) < all.log_level)
			all.redraw_at_ms = clock_now_ms() + QUIET_MS;
	}
}

/* Does the process @pid have the terminal @device open? */
static bool has_open(pid_t pid, unsigned device)
{
	enum { FDS = 64 };
	char path[48];
	struct stat st;

	for (int fd = 0; pid && fd < FDS; fd++) {
		text_format(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		if (!stat(path, &st) && S_ISCHR(st.st_mode) && (unsigned)st.st_rdev == device)
			return true;
	}
	return false;
}

void consoles_lend(pid_t to)
{
	if (to == all.lent_to)
		return;
	all.lent_to = to;
	for (unsigned i = 0; i < all.count; i++) {
		struct console *c = &all.c[i];
		bool before = c->lent;

		c->lent = has_open(to, c->device);
		if (c->lent)
			forget_line(c);
		else if (before && make_raw(c, false))
			draw(c);
	}
}

unsigned consoles_poll(struct pollfd *fds)
{
	unsigned n = 0;

	for (; n < all.count; n++)
		fds[n] = (struct pollfd){.fd = all.c[n].lent ? -1 : all.c[n].fd, .events = POLLIN};
	fds[n++] = (struct pollfd){.fd = all.kmsg > 0 ? all.kmsg : -1, .events = POLLIN};
	return n;
}

bool consoles_interrupted(void)
{
	bool interrupted = all.interrupted;

	all.interrupted = false;
	return interrupted;
}

uint64_t consoles_typed_ms(void)
{
	return all.typed_ms;
}

bool consoles_take(const struct pollfd *fds, unsigned count, const uint8_t **line, size_t *len)
{
	for (unsigned i = 0; i < all.count; i++)
		if (all.c[i].taken)
			forget_line(&all.c[i]);
	if (count && fds[count - 1].revents)
		on_kernel_message();
	for (unsigned i = all.count; i-- > 0;) {
		bool gone = false;

		if (i >= count - 1 || !fds[i].revents || fds[i].fd != all.c[i].fd)
			continue;
		if (take(i, &gone)) {
			all.c[i].taken = true;
			*line = all.c[i].line.bytes;
			*len = all.c[i].line.len;
			return true;
		}
		if (gone)
			drop(i);
	}
	return false;
}
