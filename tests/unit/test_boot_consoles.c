/* SPDX-License-Identifier: MIT */
/*
 * The prompt on several consoles at once: pseudo-terminals in the place of the machine's consoles, a socket
 * in that of /dev/kmsg. One at a person's terminal: tests/cli/boot.py; on real consoles:
 * tests/boot/test_keys.py.
 */
#include "base/clock.h"
#include "base/os.h"
#include "boot/consoles.h"
#include "memory.h"
#include "secret/fatal.h"
#include "secret/vault.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, LINES = 9 };
#define ASK "Enter passphrase for root: "

static struct line {
	int master, slave;
	char name[32], shown[16384];
	size_t len;
	struct termios before;
} lines[LINES];
static int kernel, kmsg; /* our end, and that of the program */
static char files[] = "/tmp/unit-consoles-XXXXXX", active[128], printk[] = "4\t4\t1\t7\n";

static int text_as_file(const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/text", files);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text))
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static unsigned count_consoles(void)
{
	struct pollfd fds[CONSOLES_MAX + 1];

	return consoles_poll(fds) - 1; /* the last one is /dev/kmsg */
}

/* What the program sees of the machine: "p0 p1" are its consoles. */
int open(const char *name, int flags, ...)
{
	if (!strcmp(name, "/sys/class/tty/console/active"))
		return text_as_file(active);
	if (!strcmp(name, "/proc/sys/kernel/printk"))
		return text_as_file(printk);
	if (!strcmp(name, "/dev/kmsg"))
		return dup(kmsg);
	if (!strcmp(name, "/dev/console"))
		return -1;
	if (!strncmp(name, "/dev/p", 6) && name[6] >= '0' && name[6] <= '9')
		name = lines[name[6] - '0'].name;
	return (int)syscall(SYS_openat, AT_FDCWD, name, flags, 0600);
}

/* The same for what opens without the C library (base/os.h). */
int os_open(const char *name, int flags)
{
	return open(name, flags | O_CLOEXEC);
}

static void start_line(struct line *l)
{
	memset(l, 0, sizeof(*l));
	l->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	assert_true(l->master >= 0);
	assert_int_equal(grantpt(l->master), 0);
	assert_int_equal(unlockpt(l->master), 0);
	snprintf(l->name, sizeof(l->name), "%s", ptsname(l->master));
	l->slave = (int)syscall(SYS_openat, AT_FDCWD, l->name, O_RDWR | O_NOCTTY | O_CLOEXEC, 0);
	assert_true(l->slave >= 0);
	assert_int_equal(tcgetattr(l->slave, &l->before), 0);
	l->before.c_iflag &= ~(tcflag_t)ICRNL; /* as somebody may have left it */
	assert_int_equal(tcsetattr(l->slave, TCSANOW, &l->before), 0);
}

static void start(unsigned count)
{
	int ends[2];
	struct error err;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	kernel = ends[0];
	kmsg = ends[1];
	*active = 0;
	for (unsigned i = 0; i < count; i++) {
		start_line(&lines[i]);
		snprintf(active + strlen(active), sizeof(active) - strlen(active), i ? " p%u" : "p%u", i);
	}
	strcat(active, "\n");
	assert_int_equal(vault_open(&err), 0);
	consoles_open(false);
}

static void end_line(struct line *l)
{
	if (l->master >= 0)
		close(l->master);
	if (l->slave >= 0)
		close(l->slave);
	l->master = l->slave = -1;
}

static void end(unsigned count)
{
	consoles_close();
	vault_close();
	for (unsigned i = 0; i < count; i++)
		end_line(&lines[i]);
	close(kernel);
	close(kmsg);
}

/* Everything that line @i was told. */
static const char *shown(unsigned i)
{
	struct line *l = &lines[i];
	ssize_t n;

	while ((n = read(l->master, l->shown + l->len, sizeof(l->shown) - 1 - l->len)) > 0)
		l->len += (size_t)n;
	l->shown[l->len] = 0;
	return l->shown;
}

/* What is to be seen there on the last line, after all that went over it. */
static const char *last_line(unsigned i)
{
	static char seen[512];
	const char *text = shown(i), *from = strrchr(text, '\n');
	size_t at = 0;

	memset(seen, 0, sizeof(seen));
	for (from = from ? from + 1 : text; *from; from++)
		if (*from == '\r')
			at = 0;
		else if (at < sizeof(seen) - 1)
			seen[at++] = *from;
	for (at = strlen(seen); at && seen[at - 1] == ' ' && (at < 2 || seen[at - 2] != ':');)
		seen[--at] = 0;
	return seen;
}

static void type_bytes(unsigned i, const void *keys, size_t len)
{
	assert_int_equal(write(lines[i].master, keys, len), len);
}

static void type(unsigned i, const char *keys)
{
	type_bytes(i, keys, strlen(keys));
}

/* One turn of the loop; the passphrase that came of it as a text in @out, its length or -1. */
static int turn(uint8_t *out)
{
	struct pollfd fds[CONSOLES_MAX + 1];
	unsigned n = consoles_poll(fds);
	const uint8_t *line;
	size_t len;

	assert_true(poll(fds, n, PATIENCE_MS) > 0);
	if (!consoles_take(fds, n, &line, &len))
		return -1;
	memcpy(out, line, len);
	out[len] = 0;
	return (int)len;
}

static const char *next(void)
{
	static uint8_t out[VAULT_LINE_BYTES];

	for (int i = 0; i < 100; i++)
		if (turn(out) >= 0)
			return (const char *)out;
	fail_msg("no passphrase comes");
	return NULL;
}

/* Standard error goes to @fd; returns what it was. */
static int divert(int fd)
{
	int before = dup(STDERR_FILENO);

	dup2(fd, STDERR_FILENO);
	close(fd);
	return before;
}

/* --- several at once ------------------------------------------------------------------------ */

TEST(a_console_is_not_asked_or_not_told)
{
	start(3);
	assert_int_equal(count_consoles(), 3);
	consoles_ask(ASK, false);
	for (unsigned i = 0; i < 3; i++)
		assert_string_equal(last_line(i), ASK);
	type(2, "from the third\n");
	assert_string_equal(next(), "from the third");
	consoles_status("");
	consoles_say("root is %s", "open");
	for (unsigned i = 0; i < 3; i++) {
		assert_non_null(strstr(shown(i), "latchkey: root is open\r\n"));
		assert_null(strstr(shown(i), "third"));
		assert_string_equal(last_line(i), "");
	}
	end(3);
}

TEST(two_people_type_into_one_line)
{
	start(2);
	consoles_ask(ASK, false);
	type(0, "one ");
	type(1, "two ");
	turn((uint8_t[VAULT_LINE_BYTES]){0});
	consoles_copy("something else");
	assert_string_equal(last_line(0), ASK);
	type(0, "first\n");
	assert_string_equal(next(), "one first");
	type(1, "second\n");
	assert_string_equal(next(), "two second");
	type(0, "third\n");
	assert_string_equal(next(), "third");
	end(2);
}

TEST(a_terminal_that_is_named_twice_is_asked_twice)
{
	start(2);
	consoles_close();
	strcpy(active, "p0 p1 p0 nothing-like-it");
	consoles_open(false);
	assert_int_equal(count_consoles(), 2);
	end(2);
}

TEST(more_consoles_than_there_is_room_for)
{
	start(LINES);
	assert_int_equal(count_consoles(), CONSOLES_MAX - 1);
	consoles_ask(ASK, false);
	type(CONSOLES_MAX - 2, "the last\n");
	assert_string_equal(next(), "the last");
	end(LINES);
}

TEST(a_console_that_is_gone_is_asked_for_ever)
{
	start(3);
	consoles_ask(ASK, false);
	type(1, "half ");
	turn((uint8_t[VAULT_LINE_BYTES]){0});
	end_line(&lines[0]);
	for (int i = 0; i < 10 && count_consoles() == 3; i++)
		turn((uint8_t[VAULT_LINE_BYTES]){0});
	assert_int_equal(count_consoles(), 2);
	type(1, "typed\n");
	assert_string_equal(next(), "half typed");
	type(2, "and the other\n");
	assert_string_equal(next(), "and the other");
	end(3);
}

/* Nobody reads from it, as from a serial line without its partner. */
TEST(a_console_that_takes_nothing_holds_the_others)
{
	int before = divert(open("/dev/null", O_WRONLY));

	start(2);
	consoles_ask(ASK, false);
	for (int i = 0; i < 2000; i++) {
		consoles_say("message %d of many that fill what a terminal takes", i);
		(void)shown(1);
		lines[1].len = 0;
	}
	consoles_say("the last message");
	close(divert(before));
	assert_non_null(strstr(shown(1), "the last message\r\n"));
	type(0, "typed blindly\n");
	assert_string_equal(next(), "typed blindly");
	end(2);
}

TEST(without_any_console_nothing_is_said)
{
	char said[256];
	int ends[2], before;
	ssize_t n;

	start(0);
	assert_int_equal(count_consoles(), 0);
	assert_int_equal(pipe(ends), 0);
	before = divert(ends[1]);
	consoles_ask(ASK, false);
	consoles_say("nobody sees this");
	close(divert(before));
	n = read(ends[0], said, sizeof(said));
	assert_int_equal(n, 27);
	assert_memory_equal(said, "latchkey: nobody sees this\n", 27);
	close(ends[0]);
	end(0);
}

/* --- the kernel's messages ------------------------------------------------------------------ */

static void kernel_says(const char *record)
{
	assert_int_equal(write(kernel, record, strlen(record)), strlen(record));
	turn((uint8_t[VAULT_LINE_BYTES]){0});
}

TEST(a_kernel_message_leaves_no_prompt)
{
	uint64_t far = clock_now_ms() + 3600000;

	start(2);
	consoles_ask(ASK, false);
	type(0, "half ");
	turn((uint8_t[VAULT_LINE_BYTES]){0});
	assert_false(consoles_redraw_due(far));
	kernel_says("3,900,1,-;usb 1-1: something over the prompt\n");
	assert_false(consoles_redraw_due(clock_now_ms() - 1)); /* when the burst has ended */
	assert_true(consoles_redraw_due(far));
	/* As it goes over the prompt. */
	assert_int_equal(write(lines[0].slave, "usb 1-1: something\n", 19), 19);
	assert_string_equal(last_line(0), "");
	consoles_redraw();
	assert_string_equal(last_line(0), ASK);
	assert_false(consoles_redraw_due(far));
	type(0, "typed\n");
	assert_string_equal(next(), "half typed");
	end(2);
}

/* What the kernel keeps from the consoles: its level (here 4) and below; facility 1, "14", has level 6. */
TEST(a_message_that_nobody_sees_draws_the_prompt_anew)
{
	uint64_t far = clock_now_ms() + 3600000;

	start(1);
	consoles_ask(ASK, false);
	kernel_says("6,900,1,-;quiet\n");
	kernel_says("4,901,1,-;quiet\n");
	kernel_says("14,902,1,-;quiet\n");
	assert_false(consoles_redraw_due(far));
	kernel_says("11,903,1,-;loud\n");
	assert_true(consoles_redraw_due(far));
	end(1);
}

TEST(messages_of_ours_are_not_in_the_kernels_log_or_come_back_from_there)
{
	char record[700];
	ssize_t n;

	start(1);
	consoles_say("%s", "a message");
	n = read(kernel, record, sizeof(record));
	assert_int_equal(n, 23);
	assert_memory_equal(record, "<7>latchkey: a message\n", 23);
	end(1);
}

/* --- what is typed -------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
	const char *typed;
	size_t len;
	const char *want;
	size_t want_len;
} edits[] = {
#define EDIT(typed, want) {typed, sizeof(typed) - 1, want, sizeof(want) - 1}
	EDIT("plain\n", "plain"),
	EDIT("return\r", "return"),
	EDIT(" blanks \t\n", " blanks \t"),
	EDIT("abc\x7f\x08" "d\n", "ad"),
	EDIT("\x7f\x08" "a\n", "a"),
	EDIT("z\xc3\xbc\x7f" "u\n", "zu"),
	EDIT("\xf0\x9f\x94\x91\x7f" "k\n", "k"),
	EDIT("forget this\x15" "keep\n", "keep"),
	EDIT("forget this\x03" "keep\n", "keep"),
	EDIT("two words\x17" "more\n", "two more"),
	EDIT("two words  \x17\x17" "none\n", "none"),
	EDIT("a\x1b[Ab\x1bOBc\x1b[3~d\x1b[1;5Ce\n", "abcde"),
	EDIT("\x1b\n", ""),
	EDIT("\x1b" "1234\n", "1234"),
	EDIT("\x1b" "abc\x1b\x1b[A\x1b[[Bd\n", "abcd"),
	EDIT("x\n", "x"),
	EDIT("a\0b\n", "a\0b"),
	EDIT("\xff\xfe\x80" "8-bit\n", "\xff\xfe\x80" "8-bit"),
	EDIT("\xc3\xa4\xe2\x82\xac\n", "\xc3\xa4\xe2\x82\xac"),
	/* Neither stopping nor signals on a console, and no part of a passphrase; others are. */
	EDIT("x\x04\x11\x13\x1a\x1cy\n", "xy"),
	EDIT("x\t\x01\x7f\x7f\ty\n", "x\ty"),
};
/* clang-format on */

TEST(what_is_typed_is_not_what_is_tried)
{
	uint8_t out[VAULT_LINE_BYTES];

	start(1);
	for (size_t i = 0; i < COUNT(edits); i++) {
		int len = -1;

		consoles_ask(ASK, i & 1);
		type_bytes(0, edits[i].typed, edits[i].len);
		for (int n = 0; len < 0 && n < 100; n++)
			len = turn(out);
		if (len != (int)edits[i].want_len || memcmp(out, edits[i].want, edits[i].want_len))
			fail_msg("row %zu: %d bytes: %.*s", i, len, len, (const char *)out);
	}
	assert_null(strstr(shown(0), "plain"));
	end(1);
}

TEST(a_passphrase_of_512_bytes_is_refused_or_a_longer_one_cut)
{
	uint8_t out[VAULT_LINE_BYTES];
	char keys[700];
	int len = -1;

	start(1);
	consoles_ask(ASK, false);
	memset(keys, 'q', sizeof(keys));
	for (size_t n = 513; n < 700; n += 93) {
		type_bytes(0, keys, n);
		type(0, "\n");
		while (!strstr(shown(0), "at most 512 bytes."))
			assert_int_equal(turn(out), -1);
		lines[0].len = 0;
	}
	type_bytes(0, keys, 512);
	type(0, "\n");
	while (len < 0)
		len = turn(out);
	assert_int_equal(len, 512);
	/* Too long, and corrected. */
	type_bytes(0, keys, 600);
	type(0, "\x15"
		"short\n");
	assert_string_equal(next(), "short");
	end(1);
}

TEST(an_empty_line_is_lost)
{
	start(1);
	consoles_ask(ASK, false);
	type(0, "\nthen this\n");
	assert_string_equal(next(), "");
	assert_string_equal(next(), "then this");
	end(1);
}

TEST(what_is_typed_while_nothing_is_asked_is_tried)
{
	uint8_t out[VAULT_LINE_BYTES];

	start(1);
	consoles_status("Deriving the key for root: 5 %");
	type(0, "impatient\n");
	assert_int_equal(turn(out), -1);
	consoles_ask(ASK, false);
	type(0, "in time\n");
	assert_string_equal(next(), "in time");
	end(1);
}

TEST(half_a_line_for_another_question_is_tried_or_interrupts_who_types)
{
	uint8_t out[VAULT_LINE_BYTES];

	start(1);
	consoles_ask(ASK, false);
	type(0, "half a pass");
	assert_int_equal(turn(out), -1);
	assert_false(consoles_turn(false)); /* somebody types */
	assert_true(consoles_turn(true));
	consoles_ask("PIN: ", false);
	type(0, "phrase\n");
	assert_int_equal(turn(out), -1);
	assert_non_null(strstr(shown(0), "The prompt changed while you typed: nothing was used."));
	type(0, "1234\n");
	assert_string_equal(next(), "1234");
	end(1);
}

/* The second line is typed before anybody knows that the first is wrong. */
TEST(an_interrupt_is_lost_or_told_twice)
{
	uint8_t line[VAULT_LINE_BYTES];
	bool told = false;

	start(1);
	consoles_status("Deriving the key");
	(void)consoles_interrupted(); /* of other tests */
	type(0, "x\3");
	for (int i = 0; i < 100 && !told; i++) {
		assert_int_equal(turn(line), -1);
		told = consoles_interrupted();
	}
	assert_true(told);
	assert_false(consoles_interrupted());
	end(1);
}

TEST(a_second_line_is_lost)
{
	start(1);
	consoles_ask(ASK, false);
	type(0, "first\nsecond\n");
	assert_string_equal(next(), "first");
	assert_string_equal(next(), "second");
	end(1);
}

TEST(stars_are_left_behind_or_show_without_being_asked_for)
{
	start(1);
	consoles_ask(ASK, true);
	type(0, "\xe2\x82\xac"
		"ab");
	turn((uint8_t[VAULT_LINE_BYTES]){0});
	assert_string_equal(last_line(0), ASK "***");
	type(0, "\x7f");
	turn((uint8_t[VAULT_LINE_BYTES]){0});
	assert_string_equal(last_line(0), ASK "**");
	type(0, "\n");
	assert_string_equal(next(), "\xe2\x82\xac"
				    "a");
	consoles_status("");
	assert_string_equal(last_line(0), "");
	consoles_ask(ASK, false);
	type(0, "ab");
	turn((uint8_t[VAULT_LINE_BYTES]){0});
	assert_string_equal(last_line(0), ASK);
	end(1);
}

/* --- what is left behind -------------------------------------------------------------------- */

static void assert_restored(unsigned i)
{
	struct termios now;
	int waiting = -1;

	assert_int_equal(tcgetattr(lines[i].slave, &now), 0);
	assert_int_equal(now.c_lflag, lines[i].before.c_lflag);
	assert_int_equal(now.c_iflag, lines[i].before.c_iflag);
	assert_int_equal(now.c_oflag, lines[i].before.c_oflag);
	assert_memory_equal(now.c_cc, lines[i].before.c_cc, sizeof(now.c_cc));
	assert_int_equal(os_ioctl(lines[i].slave, FIONREAD, &waiting), 0);
	assert_int_equal(waiting, 0);
}

TEST(the_terminal_stays_without_echo)
{
	struct termios now;

	start(2);
	consoles_ask(ASK, false);
	assert_int_equal(tcgetattr(lines[0].slave, &now), 0);
	assert_int_equal(now.c_lflag & (ECHO | ECHONL | ICANON | ISIG), 0);
	type(1, "half of it");
	consoles_close();
	for (unsigned i = 0; i < 2; i++)
		assert_restored(i);
	end(2);
}

static int end_of_child(int ignored, int sig)
{
	int status = 0, ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = unit_fork();
	if (!pid) {
		for (int s = 1; s < 32; s++)
			(void)signal(s, SIG_DFL);
		if (ignored)
			(void)signal(ignored, SIG_IGN);
		fatal_install();
		consoles_open(false);
		consoles_ask(ASK, false);
		if (write(ready[1], "r", 1) != 1)
			_exit(9);
		raise(sig);
		consoles_close();
		_exit(7);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

TEST(a_signal_leaves_a_terminal_without_echo)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM};

	start(2);
	consoles_close();
	for (size_t i = 0; i < COUNT(signals); i++) {
		int status = end_of_child(0, signals[i]);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		for (unsigned k = 0; k < 2; k++)
			assert_restored(k);
	}
	assert_int_equal(WEXITSTATUS(end_of_child(SIGHUP, SIGHUP)), 7); /* as nohup(1) has it */
	assert_restored(0);
	end(2);
}

TEST(what_was_typed_stays_in_memory)
{
	uint8_t *line;

	start(1);
	line = vault_line(0);
	consoles_ask(ASK, false);
	type(0, "half of a secret");
	turn((uint8_t[VAULT_LINE_BYTES]){0});
	assert_memory_equal(line, "half of a secret", 16);
	consoles_rest();
	assert_int_equal(unit_others(line, 0, VAULT_LINE_BYTES), 0);
	consoles_ask(ASK, false);
	type(0, "a whole secret\n");
	assert_string_equal(next(), "a whole secret");
	type(0, "\n");
	turn((uint8_t[VAULT_LINE_BYTES]){0}); /* the next one: who asked has made a copy */
	assert_int_equal(unit_others(line, 0, CONSOLES_PASSPHRASE_MAX_BYTES + 1), 0);
	type(0, "once more\x15");
	turn((uint8_t[VAULT_LINE_BYTES]){0});
	assert_int_equal(unit_others(line, 0, CONSOLES_PASSPHRASE_MAX_BYTES + 1), 0);
	type(0, "at the end");
	turn((uint8_t[VAULT_LINE_BYTES]){0});
	consoles_close();
	assert_int_equal(unit_others(line, 0, VAULT_LINE_BYTES), 0);
	end(1);
}

static int make_folder(void **state)
{
	(void)state;
	return !mkdtemp(files);
}

static int remove_folder(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/text", files);
	(void)unlink(path);
	return rmdir(files);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_console_is_not_asked_or_not_told),
		cmocka_unit_test(two_people_type_into_one_line),
		cmocka_unit_test(a_terminal_that_is_named_twice_is_asked_twice),
		cmocka_unit_test(more_consoles_than_there_is_room_for),
		cmocka_unit_test(a_console_that_is_gone_is_asked_for_ever),
		cmocka_unit_test(a_console_that_takes_nothing_holds_the_others),
		cmocka_unit_test(without_any_console_nothing_is_said),
		cmocka_unit_test(a_kernel_message_leaves_no_prompt),
		cmocka_unit_test(a_message_that_nobody_sees_draws_the_prompt_anew),
		cmocka_unit_test(messages_of_ours_are_not_in_the_kernels_log_or_come_back_from_there),
		cmocka_unit_test(what_is_typed_is_not_what_is_tried),
		cmocka_unit_test(a_passphrase_of_512_bytes_is_refused_or_a_longer_one_cut),
		cmocka_unit_test(an_empty_line_is_lost),
		cmocka_unit_test(what_is_typed_while_nothing_is_asked_is_tried),
		cmocka_unit_test(half_a_line_for_another_question_is_tried_or_interrupts_who_types),
		cmocka_unit_test(an_interrupt_is_lost_or_told_twice),
		cmocka_unit_test(a_second_line_is_lost),
		cmocka_unit_test(stars_are_left_behind_or_show_without_being_asked_for),
		cmocka_unit_test(the_terminal_stays_without_echo),
		cmocka_unit_test(a_signal_leaves_a_terminal_without_echo),
		cmocka_unit_test(what_was_typed_stays_in_memory),
	};

	/* A terminal of whoever runs the tests is none of the machine's. */
	if (!freopen("/dev/null", "r", stdin))
		return 1;
	return cmocka_run_group_tests_name("boot consoles", tests, make_folder, remove_folder);
}
