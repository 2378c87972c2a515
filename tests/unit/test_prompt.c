/* SPDX-License-Identifier: MIT */
/* Tests of secret/prompt: a person at a pseudo-terminal, and lines from a pipe. */
#include "memory.h"
#include "base/os.h"
#include "secret/arena.h"
#include "secret/prompt.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

enum { PATIENCE_MS = 10000 };

/* What prompt_read did, told by the process that called it. */
struct outcome {
	enum cause cause;
	size_t len;
	uint8_t data[PROMPT_MAX_BYTES];
	struct error err;
	bool interactive, mark_kept;
};

/* --- a person at a terminal ------------------------------------------------------------ */

static struct {
	int master, slave; /* the slave is open here, too, to see what became of it */
	int report;
	pid_t pid;
	struct termios before;
	char seen[8192];
	size_t seen_len;
} session;

static struct {
	unsigned timeout_s;
	int ignored_signal;
	bool raw, no_controlling_terminal;
} wish;

static struct outcome ask_and_tell(void)
{
	struct outcome o = {0};
	struct secret secret;
	size_t mark;

	if (arena_open(&o.err))
		_exit(3);
	mark = arena_mark();
	o.interactive = prompt_is_interactive();
	o.cause = prompt_read("/dev/sda2", wish.timeout_s, &secret, &o.err);
	o.mark_kept = arena_mark() == mark;
	if (!o.cause) {
		o.len = secret.len;
		memcpy(o.data, secret.data, secret.len);
	}
	arena_close();
	return o;
}

static void be_the_program(int slave, int report)
{
	struct outcome o;

	setsid();
	if (!wish.no_controlling_terminal && os_ioctl_number(slave, TIOCSCTTY, 0))
		_exit(4);
	for (int fd = 0; fd < 3; fd++)
		dup2(slave, fd);
	close(slave);
	close(session.master);
	/* Whoever runs the tests may ignore some: nohup does. */
	for (int sig = 1; sig < 32; sig++)
		(void)signal(sig, SIG_DFL);
	if (wish.ignored_signal)
		signal(wish.ignored_signal, SIG_IGN);
	o = ask_and_tell();
	_exit(write(report, &o, sizeof(o)) != sizeof(o));
}

static void session_start(void)
{
	struct termios t;
	int report[2];

	memset(&session, 0, sizeof(session));
	session.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(session.master >= 0);
	assert_int_equal(grantpt(session.master), 0);
	assert_int_equal(unlockpt(session.master), 0);
	session.slave = open(ptsname(session.master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(session.slave >= 0);
	assert_int_equal(tcgetattr(session.slave, &t), 0);
	if (wish.raw) {
		cfmakeraw(&t);
		t.c_lflag |= ECHO;
	}
	assert_int_equal(tcsetattr(session.slave, TCSANOW, &t), 0);
	assert_int_equal(tcgetattr(session.slave, &session.before), 0);
	assert_int_equal(pipe(report), 0);
	session.pid = unit_fork();
	assert_true(session.pid >= 0);
	if (!session.pid)
		be_the_program(session.slave, report[1]);
	close(report[1]);
	session.report = report[0];
}

static void type_bytes(const char *keys, size_t len)
{
	assert_int_equal(write(session.master, keys, len), len);
}

static void type(const char *keys)
{
	type_bytes(keys, strlen(keys));
}

/* Wait until the screen has shown @text @times times. */
static void see(const char *text, int times)
{
	for (;;) {
		struct pollfd p = {.fd = session.master, .events = POLLIN};
		const char *at = session.seen;
		ssize_t n;

		for (int i = 0; at && i < times; i++)
			at = strstr(at, text) ? strstr(at, text) + 1 : NULL;
		if (at)
			return;
		if (poll(&p, 1, PATIENCE_MS) != 1)
			fail_msg("\"%s\" was not shown; there was: %s", text, session.seen);
		n = read(session.master, session.seen + session.seen_len,
			sizeof(session.seen) - 1 - session.seen_len);
		if (n <= 0)
			fail_msg("\"%s\" was not shown before the end; there was: %s", text, session.seen);
		session.seen_len += (size_t)n;
	}
}

static void see_prompt(int times)
{
	see("Enter passphrase for /dev/sda2: ", times);
}

static void assert_terminal_as_before(void)
{
	struct termios t;

	assert_int_equal(tcgetattr(session.slave, &t), 0);
	assert_int_equal(t.c_lflag, session.before.c_lflag);
	assert_int_equal(t.c_iflag, session.before.c_iflag);
	assert_int_equal(t.c_oflag, session.before.c_oflag);
	assert_int_equal(t.c_cflag, session.before.c_cflag);
	assert_memory_equal(t.c_cc, session.before.c_cc, sizeof(t.c_cc));
}

/* Everything that is still on its way to the screen, then the end of the session. */
static int session_end(struct outcome *o)
{
	struct pollfd p = {.fd = session.report, .events = POLLIN};
	int status;

	memset(o, 0, sizeof(*o));
	if (poll(&p, 1, PATIENCE_MS) != 1) {
		kill(session.pid, SIGKILL);
		waitpid(session.pid, &status, 0);
		fail_msg("it did not come to an end; on the screen: %s", session.seen);
	}
	(void)!read(session.report, o, sizeof(*o));
	assert_int_equal(waitpid(session.pid, &status, 0), session.pid);
	if (session.slave >= 0) {
		type("\n"); /* echoed by the restored terminal, so that there is something to read */
		p = (struct pollfd){.fd = session.master, .events = POLLIN};
		while (session.seen_len < sizeof(session.seen) - 1 && poll(&p, 1, 50) == 1) {
			ssize_t n = read(session.master, session.seen + session.seen_len,
				sizeof(session.seen) - 1 - session.seen_len);

			if (n <= 0)
				break;
			session.seen_len += (size_t)n;
		}
		assert_terminal_as_before();
		close(session.slave);
		close(session.master);
	}
	close(session.report);
	memset(&wish, 0, sizeof(wish));
	return status;
}

/* The session ends with the passphrase @want, which the screen has not shown. */
static void assert_passphrase(const char *want)
{
	struct outcome o;

	assert_int_equal(session_end(&o), 0);
	assert_int_equal(o.cause, CAUSE_OK);
	assert_true(o.interactive);
	assert_int_equal(o.len, strlen(want));
	assert_memory_equal(o.data, want, o.len);
	assert_true(!*want || !strstr(session.seen, want));
}

TEST(the_passphrase_is_shown)
{
	struct termios t;

	session_start();
	see_prompt(1);
	assert_int_equal(tcgetattr(session.slave, &t), 0);
	assert_int_equal(t.c_lflag & (tcflag_t)(ECHO | ECHONL), 0);
	assert_int_equal(t.c_lflag & (tcflag_t)(ICANON | ISIG), ICANON | ISIG);
	type("open sesame\n");
	assert_passphrase("open sesame");
}

TEST(a_terminal_that_is_not_our_controlling_one_is_not_used)
{
	wish.no_controlling_terminal = true;
	session_start();
	see_prompt(1);
	type("open sesame\n");
	assert_passphrase("open sesame");
}

TEST(corrections_end_up_in_the_passphrase)
{
	session_start();
	see_prompt(1);
	type("wrong\x15rigXX\x7f\x7fht\n");
	assert_passphrase("right");
}

TEST(a_terminal_in_raw_mode_is_read_raw)
{
	wish.raw = true;
	session_start();
	see_prompt(1);
	type("wrong\x15rigX\x7fht\r");
	assert_passphrase("right");
}

TEST(a_passphrase_of_512_bytes_is_cut_or_refused)
{
	char longest[PROMPT_MAX_BYTES + 2];

	memset(longest, 'p', PROMPT_MAX_BYTES);
	longest[PROMPT_MAX_BYTES - 1] = 'q';
	longest[PROMPT_MAX_BYTES] = '\n';
	longest[PROMPT_MAX_BYTES + 1] = 0;
	session_start();
	see_prompt(1);
	type(longest);
	longest[PROMPT_MAX_BYTES] = 0;
	assert_passphrase(longest);
}

TEST(a_passphrase_of_513_bytes_is_cut)
{
	char longer[PROMPT_MAX_BYTES + 3];

	memset(longer, 'p', PROMPT_MAX_BYTES + 1);
	longer[PROMPT_MAX_BYTES + 1] = '\n';
	longer[PROMPT_MAX_BYTES + 2] = 0;
	session_start();
	see_prompt(1);
	type(longer);
	see("512", 1);
	see_prompt(2);
	type("shorter\n");
	assert_passphrase("shorter");
}

TEST(an_empty_line_costs_a_try)
{
	session_start();
	see_prompt(1);
	type("\n");
	see("Empty: press Enter again", 1);
	see_prompt(2);
	type("something\n");
	assert_passphrase("something");
}

TEST(two_empty_lines_are_no_passphrase)
{
	session_start();
	see_prompt(1);
	type("\n");
	see_prompt(2);
	type("\n");
	assert_passphrase("");
}

TEST(one_end_of_file_ends_the_question)
{
	session_start();
	see_prompt(1);
	type("\x04");
	see_prompt(2);
	type("something\n");
	assert_passphrase("something");
}

TEST(an_end_of_file_is_asked_again_for_ever)
{
	struct outcome o;

	session_start();
	see_prompt(1);
	type("\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04");
	session_end(&o);
	assert_int_equal(o.cause, CAUSE_DEVICE);
	assert_int_equal(o.err.cause, CAUSE_DEVICE);
	assert_true(o.mark_kept);
}

TEST(a_terminal_that_is_gone_is_asked_for_ever)
{
	struct outcome o;

	wish.ignored_signal = SIGHUP;
	session_start();
	see_prompt(1);
	close(session.slave);
	session.slave = -1;
	close(session.master);
	assert_int_equal(session_end(&o), 0);
	assert_int_equal(o.cause, CAUSE_DEVICE);
	assert_true(o.mark_kept);
}

TEST(a_signal_leaves_the_terminal_without_echo)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM};
	struct outcome o;
	int status;

	for (size_t i = 0; i < COUNT(signals); i++) {
		session_start();
		see_prompt(1);
		type("half a passphr");
		if (signals[i] == SIGINT) {
			type("\x03");
		} else {
			/* The kernel hands typing on a moment later; nothing says when it has. */
			(void)poll(NULL, 0, 50);
			kill(session.pid, signals[i]);
		}
		status = session_end(&o);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		assert_null(strstr(session.seen, "half"));
	}
}

TEST(an_ignored_signal_ends_the_question)
{
	wish.ignored_signal = SIGINT;
	session_start();
	see_prompt(1);
	type("\x03");
	type("something\n");
	assert_passphrase("something");
}

TEST(the_stop_key_shows_the_shell_a_half_typed_passphrase)
{
	struct termios t;

	session_start();
	see_prompt(1);
	assert_int_equal(tcgetattr(session.slave, &t), 0);
	assert_int_equal(t.c_cc[VSUSP], _POSIX_VDISABLE);
	type("something\n");
	assert_passphrase("something");
}

TEST(a_stray_control_s_stops_the_output_for_ever)
{
	session_start();
	see_prompt(1);
	type("\x13\x15\n");
	see("Empty", 1);
	see_prompt(2);
	type("something\n");
	assert_passphrase("something");
}

TEST(nobody_at_the_keyboard_is_waited_for)
{
	struct outcome o;

	wish.timeout_s = 1;
	session_start();
	see_prompt(1);
	assert_int_equal(session_end(&o), 0);
	assert_int_equal(o.cause, CAUSE_USAGE);
	assert_non_null(strstr(o.err.text, "1 s"));
	assert_true(o.mark_kept);
}

/* --- a pipe ------------------------------------------------------------------------------ */

/* prompt_read on @len bytes in a pipe, and what it left there. */
static struct outcome from_bytes(const char *data, size_t len, char *rest, size_t *rest_len)
{
	int fd[2], old = dup(0);
	struct outcome o;

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], data, len), len);
	close(fd[1]);
	dup2(fd[0], 0);
	close(fd[0]);
	o = ask_and_tell();
	if (rest) {
		ssize_t n = read(0, rest, 4096);

		*rest_len = n > 0 ? (size_t)n : 0;
	}
	dup2(old, 0);
	close(old);
	return o;
}

TEST(more_than_the_first_line_is_taken_from_a_pipe)
{
	static const char lines[] = "first line\nsecond line\n\nlast";
	char rest[4096];
	size_t len;
	struct outcome o = from_bytes(lines, strlen(lines), rest, &len);

	assert_int_equal(o.cause, CAUSE_OK);
	assert_false(o.interactive);
	assert_int_equal(o.len, 10);
	assert_memory_equal(o.data, "first line", 10);
	assert_int_equal(len, strlen(lines) - 11);
	assert_memory_equal(rest, lines + 11, len);
}

TEST(a_byte_of_the_line_is_lost)
{
	static const struct {
		const char *data;
		size_t len, want;
	} t[] = {{"no newline", 10, 10}, {" blanks \t\n", 10, 9}, {"cr\r\n", 4, 3}, {"a\0b\0\n", 5, 4},
		{"\xc3\xa4\xff\n", 4, 3}, {"x\n", 2, 1}, {"\0\n", 2, 1}};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct outcome o = from_bytes(t[i].data, t[i].len, NULL, NULL);

		assert_int_equal(o.cause, CAUSE_OK);
		assert_int_equal(o.len, t[i].want);
		assert_memory_equal(o.data, t[i].data, o.len);
	}
}

TEST(a_line_of_512_bytes_is_refused_or_one_of_513_cut)
{
	char line[2000];
	struct outcome o;
	char rest[4096];
	size_t len;

	memset(line, 'l', sizeof(line));
	line[512] = '\n';
	o = from_bytes(line, 513, NULL, NULL);
	assert_int_equal(o.cause, CAUSE_OK);
	assert_int_equal(o.len, 512);
	o = from_bytes(line, 512, NULL, NULL);
	assert_int_equal(o.cause, CAUSE_OK);
	assert_int_equal(o.len, 512);
	line[512] = 'l';
	line[513] = '\n';
	o = from_bytes(line, 600, rest, &len);
	assert_int_equal(o.cause, CAUSE_USAGE);
	assert_non_null(strstr(o.err.text, "512"));
	assert_true(o.mark_kept);
	assert_int_equal(len, 600 - 514);
	o = from_bytes(line, 513, NULL, NULL);
	assert_int_equal(o.cause, CAUSE_USAGE);
	line[513] = 'l';
	o = from_bytes(line, sizeof(line), NULL, NULL);
	assert_int_equal(o.cause, CAUSE_USAGE);
}

TEST(no_passphrase_is_taken_for_an_empty_one)
{
	struct outcome o = from_bytes("\nsecond\n", 8, NULL, NULL);

	assert_int_equal(o.cause, CAUSE_OK);
	assert_int_equal(o.len, 0);
	o = from_bytes("", 0, NULL, NULL);
	assert_int_equal(o.cause, CAUSE_USAGE);
	assert_true(o.mark_kept);
}

TEST(a_read_error_is_a_usage_error)
{
	int old = dup(0), fd = open("/", O_RDONLY | O_DIRECTORY);
	struct outcome o;

	dup2(fd, 0);
	close(fd);
	o = ask_and_tell();
	dup2(old, 0);
	close(old);
	assert_int_equal(o.cause, CAUSE_DEVICE);
	assert_int_equal(o.err.os_errno, EISDIR);
	assert_true(o.mark_kept);
}

TEST(a_silent_pipe_is_waited_for)
{
	int fd[2], old = dup(0);
	struct outcome o;

	assert_int_equal(pipe(fd), 0);
	dup2(fd[0], 0);
	close(fd[0]);
	wish.timeout_s = 1;
	o = ask_and_tell();
	wish.timeout_s = 0;
	dup2(old, 0);
	close(old);
	close(fd[1]);
	assert_int_equal(o.cause, CAUSE_USAGE);
	assert_non_null(strstr(o.err.text, "1 s"));
	assert_true(o.mark_kept);
}

TEST(a_full_arena_is_not_said)
{
	struct secret secret;
	struct error err;

	assert_int_equal(arena_open(&err), CAUSE_OK);
	assert_non_null(arena_alloc(ARENA_BYTES - 64));
	assert_int_equal(prompt_read("x", 0, &secret, &err), CAUSE_RESOURCE);
	arena_close();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_passphrase_is_shown),
		cmocka_unit_test(a_terminal_that_is_not_our_controlling_one_is_not_used),
		cmocka_unit_test(corrections_end_up_in_the_passphrase),
		cmocka_unit_test(a_terminal_in_raw_mode_is_read_raw),
		cmocka_unit_test(a_passphrase_of_512_bytes_is_cut_or_refused),
		cmocka_unit_test(a_passphrase_of_513_bytes_is_cut),
		cmocka_unit_test(an_empty_line_costs_a_try),
		cmocka_unit_test(two_empty_lines_are_no_passphrase),
		cmocka_unit_test(one_end_of_file_ends_the_question),
		cmocka_unit_test(an_end_of_file_is_asked_again_for_ever),
		cmocka_unit_test(a_terminal_that_is_gone_is_asked_for_ever),
		cmocka_unit_test(a_signal_leaves_the_terminal_without_echo),
		cmocka_unit_test(an_ignored_signal_ends_the_question),
		cmocka_unit_test(the_stop_key_shows_the_shell_a_half_typed_passphrase),
		cmocka_unit_test(a_stray_control_s_stops_the_output_for_ever),
		cmocka_unit_test(nobody_at_the_keyboard_is_waited_for),
		cmocka_unit_test(more_than_the_first_line_is_taken_from_a_pipe),
		cmocka_unit_test(a_byte_of_the_line_is_lost),
		cmocka_unit_test(a_line_of_512_bytes_is_refused_or_one_of_513_cut),
		cmocka_unit_test(no_passphrase_is_taken_for_an_empty_one),
		cmocka_unit_test(a_read_error_is_a_usage_error),
		cmocka_unit_test(a_silent_pipe_is_waited_for),
		cmocka_unit_test(a_full_arena_is_not_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
