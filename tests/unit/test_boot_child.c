/* SPDX-License-Identifier: MIT */
/* Children of the boot loop: what they say, how they end, and what becomes of one that hangs; the one that
 * fetches keys. */
#include "base/clock.h"
#include "boot/child.h"
#include "boot/fetch.h"
#include "memory.h"
#include "secret/vault.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, LONG = 1300 };

static char folder[] = "/tmp/unit-child-XXXXXX", path[128];
static char heard[8192]; /* each line behind a | */

static void hear(void *context, const char *line)
{
	(void)context;
	strcat(heard, "|");
	strcat(heard, line);
}

/* Until it has ended. */
static void listen_to(struct child *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	*heard = 0;
	do
		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	while (!child_listen(c, hear, NULL));
	assert_int_equal(c->pid, 0);
}

static bool lives(pid_t pid)
{
	return !kill(pid, 0) || errno != ESRCH;
}

/* A process that was killed takes its time. */
static bool dies(pid_t pid)
{
	for (int i = 0; i < PATIENCE_MS / 10 && lives(pid); i++) {
		(void)waitpid(pid, NULL, WNOHANG);
		(void)poll(NULL, 0, 10);
	}
	return !lives(pid);
}

/* --- what it says, and how it ends ---------------------------------------------------------- */

static enum cause speak(void *arg, struct child_end *end, struct error *err)
{
	char text[LONG];
	char byte;

	(void)arg;
	end->percent = 42;
	memset(text, 'x', sizeof(text));
	/* Both of them are heard, and nobody's terminal is read. */
	if (write(1, "first\nsec", 9) != 9 || write(2, "ond\n\n", 5) != 5 || read(0, &byte, 1) != 0 ||
		write(1, text, LONG) != LONG || write(1, "\nno end", 7) != 7)
		return CAUSE_BUG;
	return error_set_os(err, CAUSE_DEVICE, ENOENT, "nothing there");
}

TEST(a_line_is_lost_or_cut)
{
	struct child c = {.pid = 0};
	const char *at = heard;

	assert_true(child_start(&c, speak, NULL, 0));
	listen_to(&c);
	assert_memory_equal(at, "|first|second||xxx", 18);
	for (int n = 0; (at = strstr(at, "|xx")); n += (int)strcspn(++at, "|"))
		assert_true(n <= LONG);
	assert_string_equal(strrchr(heard, '|'), "|no end");
	assert_int_equal(strlen(heard), 14 + LONG + (LONG + 510) / 511 + 7);
	assert_int_equal(c.end->cause, CAUSE_DEVICE);
	assert_int_equal(c.end->err.os_errno, ENOENT);
	assert_memory_equal(c.end->err.text, "nothing there", 13);
	assert_int_equal(c.end->percent, 42);
}

static enum cause succeed(void *arg, struct child_end *end, struct error *err)
{
	(void)end;
	(void)err;
	*vault_slot(3)->data = *(const uint8_t *)arg;
	return CAUSE_OK;
}

static enum cause die(void *arg, struct child_end *end, struct error *err)
{
	(void)raise(*(const uint8_t *)arg);
	return succeed(arg, end, err);
}

TEST(a_child_that_was_killed_has_succeeded)
{
	struct child c = {.pid = 0};
	uint8_t byte = 7;

	assert_true(child_start(&c, succeed, &byte, 0));
	listen_to(&c);
	assert_int_equal(c.end->cause, CAUSE_OK);
	assert_int_equal(*vault_slot(3)->data, 7); /* the vault is shared */
	byte = SIGKILL;
	assert_true(child_start(&c, die, &byte, 0));
	listen_to(&c);
	assert_int_equal(c.end->cause, CAUSE_RESOURCE);
	assert_non_null(strstr(c.end->err.text, "killed"));
	byte = SIGTERM;
	assert_true(child_start(&c, die, &byte, 0));
	listen_to(&c);
	assert_int_equal(c.end->cause, CAUSE_BUG);
	assert_non_null(strstr(c.end->err.text, "killed"));
}

/* --- one that hangs ------------------------------------------------------------------------- */

static enum cause hang(void *arg, struct child_end *end, struct error *err)
{
	(void)end;
	(void)err;
	(void)write(1, "here\n", 5);
	while (poll(arg, 0, -1) <= 0)
		;
	return CAUSE_BUG;
}

static void wait_until_it_runs(const struct child *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
}

TEST(a_child_that_hangs_is_waited_for)
{
	struct child c = {.pid = 0};
	uint64_t before = clock_now_ms();
	uint8_t byte = 1;
	pid_t pid;

	assert_true(child_start(&c, hang, NULL, 15));
	wait_until_it_runs(&c);
	pid = c.pid;
	assert_in_range(c.deadline_ms, before + 15000, clock_now_ms() + 15000);
	assert_false(child_is_late(&c, c.deadline_ms - 1));
	assert_true(lives(pid));
	assert_true(child_is_late(&c, c.deadline_ms));
	assert_true(dies(pid));
	assert_false(child_is_late(&c, c.deadline_ms)); /* once */
	assert_int_equal(c.pid, 0);
	assert_null(c.end); /* the old one may still write to its own */
	assert_true(child_start(&c, succeed, &byte, 15));
	listen_to(&c);
	assert_int_equal(c.end->cause, CAUSE_OK);
}

TEST(a_child_without_a_limit_is_given_up)
{
	struct child c = {.pid = 0};
	pid_t pid;

	assert_false(child_is_late(&c, UINT64_MAX));
	child_drop(&c);
	assert_true(child_start(&c, hang, NULL, 0));
	wait_until_it_runs(&c);
	pid = c.pid;
	assert_false(child_is_late(&c, UINT64_MAX));
	assert_true(lives(pid));
	child_drop(&c);
	assert_true(dies(pid));
}

static enum cause linger(void *arg, struct child_end *end, struct error *err)
{
	pid_t pid = getpid();

	(void)arg;
	(void)end;
	(void)err;
	(void)write(1, &pid, sizeof(pid));
	while (poll(NULL, 0, -1) <= 0)
		;
	return CAUSE_BUG;
}

TEST(a_child_outlives_who_started_it)
{
	int ends[2];
	pid_t middle, pid = 0;

	assert_int_equal(pipe(ends), 0);
	middle = unit_fork();
	if (!middle) {
		struct child c = {.pid = 0};

		if (!child_start(&c, linger, NULL, 0) || read(c.fd, &pid, sizeof(pid)) != sizeof(pid))
			_exit(1);
		_exit(write(ends[1], &pid, sizeof(pid)) != sizeof(pid));
	}
	assert_int_equal(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
	assert_int_equal(waitpid(middle, NULL, 0), middle);
	assert_true(pid > 0);
	/* Where process 1 does not reap, a zombie is as good. */
	for (int i = 0; i < PATIENCE_MS / 10 && lives(pid); i++) {
		char name[64], text[256] = "";
		int fd;

		snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
		fd = open(name, O_RDONLY);
		if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 || strstr(text, ") Z "))
			pid = 0;
		if (fd >= 0)
			close(fd);
		if (!pid)
			break;
		(void)poll(NULL, 0, 10);
	}
	assert_true(!pid || !lives(pid));
	close(ends[0]);
	close(ends[1]);
}

static enum cause deliver(void *arg, struct child_end *end, struct error *err)
{
	(void)arg;
	if (!child_deliver(end))
		return error_set(err, CAUSE_DEVICE, "late");
	(void)poll(NULL, 0, 200);
	return CAUSE_OK;
}

static enum cause deliver_late(void *arg, struct child_end *end, struct error *err)
{
	(void)poll(NULL, 0, 200);
	return deliver(arg, end, err);
}

static void what_a_child_delivers_comes_after_it_was_given_up(void **state)
{
	struct child c = {.pid = 0};

	(void)state;
	assert_true(child_start(&c, deliver, NULL, 1));
	while (!c.end->delivers)
		(void)poll(NULL, 0, 1);
	assert_false(child_is_late(&c, UINT64_MAX));
	listen_to(&c);
	assert_int_equal(c.end->cause, CAUSE_OK);
	assert_true(child_start(&c, deliver_late, NULL, 1));
	assert_true(child_give_up(&c));
	listen_to(&c);
	assert_int_equal(c.end->cause, CAUSE_DEVICE);
	child_clear(&c);
}

/* --- fetching keys -------------------------------------------------------------------------- */

static void put_file(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static enum cause fetch(struct plan_key key, struct child *c)
{
	static struct fetch f;

	f = (struct fetch){key, 1, -1};
	assert_true(child_start(c, fetch_run, &f, FETCH_LIMIT_S));
	listen_to(c);
	return c->end->cause;
}

TEST(a_key_file_is_read_in_part_or_not_at_all)
{
	struct child c = {.pid = 0};
	struct plan_key key = {.kind = PLAN_KEY_FILE, .path = path};

	put_file("a key\nwith two lines\n");
	assert_int_equal(fetch(key, &c), CAUSE_OK);
	assert_int_equal(vault_slot(1)->len, 21);
	assert_memory_equal(vault_slot(1)->data, "a key\nwith two lines\n", 21);
	vault_wipe(1);
	key.offset_bytes = 2;
	key.size_bytes = 3;
	assert_int_equal(fetch(key, &c), CAUSE_OK);
	assert_int_equal(vault_slot(1)->len, 3);
	assert_memory_equal(vault_slot(1)->data, "key", 4);
	vault_wipe(1);
	key = (struct plan_key){.kind = PLAN_KEY_RAW, .device = path, .offset_bytes = 6, .size_bytes = 4};
	assert_int_equal(fetch(key, &c), CAUSE_OK);
	assert_memory_equal(vault_slot(1)->data, "with", 5);
	vault_wipe(1);
}

TEST(a_key_file_that_cannot_be_used_is_not_named_or_leaves_something)
{
	struct child c = {.pid = 0};
	struct plan_key key = {.kind = PLAN_KEY_FILE, .path = path};
	static const struct {
		uint64_t offset, size;
		const char *says;
	} asked[] = {{3, 0, "is empty after its offset"}, {1, 3, "has 2 bytes from byte 1 on, 3 are needed"},
		{0, 4, "4 are needed"}};

	put_file("key");
	for (size_t i = 0; i < COUNT(asked); i++) {
		key.offset_bytes = asked[i].offset;
		key.size_bytes = asked[i].size;
		assert_int_equal(fetch(key, &c), CAUSE_USAGE);
		assert_non_null(strstr(c.end->err.text, asked[i].says));
		assert_int_equal(vault_slot(1)->len, 0);
	}
	key = (struct plan_key){.kind = PLAN_KEY_FILE, .path = path};
	put_file("");
	assert_int_equal(fetch(key, &c), CAUSE_OK); /* it was named: the empty passphrase */
	assert_int_equal(vault_slot(1)->len, 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(fetch(key, &c), CAUSE_USAGE);
	assert_int_equal(c.end->err.os_errno, ENOENT); /* by which an optional one is told */
	key.path = folder;
	assert_int_equal(fetch(key, &c), CAUSE_USAGE);
	assert_non_null(strstr(c.end->err.text, "is a directory"));
	key.path = "/dev/zero";
	assert_int_equal(fetch(key, &c), CAUSE_USAGE);
	assert_non_null(strstr(c.end->err.text, "longer than 8192 KiB"));
	assert_int_equal(vault_slot(1)->len, 0);
}

/* Nobody writes to it. */
TEST(a_key_that_does_not_come_is_waited_for)
{
	struct child c = {.pid = 0};
	struct fetch f = {{.kind = PLAN_KEY_FILE, .path = path}, 1, -1};
	pid_t pid;

	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(child_start(&c, fetch_run, &f, FETCH_LIMIT_S));
	pid = c.pid;
	assert_false(child_is_late(&c, c.deadline_ms - 1));
	assert_true(child_is_late(&c, c.deadline_ms));
	assert_true(dies(pid));
	assert_int_equal(vault_slot(1)->len, 0);
	assert_int_equal(unlink(path), 0);
}

TEST(something_that_is_no_filesystem_is_read_as_one)
{
	struct child c = {.pid = 0};
	struct plan_key key = {.kind = PLAN_KEY_STICK, .device = path, .path = "/a.key"};
	struct fetch header = {{.kind = PLAN_KEY_STICK, .device = path, .path = "/a.header"}, 0,
		fetch_memory_file()};

	put_file("no filesystem");
	assert_int_equal(fetch(key, &c), CAUSE_DEVICE);
	assert_non_null(strstr(c.end->err.text, "no filesystem found"));
	assert_true(header.header_fd >= 0);
	assert_true(child_start(&c, fetch_run, &header, FETCH_LIMIT_S));
	listen_to(&c);
	assert_int_equal(c.end->cause, CAUSE_DEVICE);
	assert_int_equal(lseek(header.header_fd, 0, SEEK_END), 0);
	close(header.header_fd);
	assert_int_equal(unlink(path), 0);
}

static int make_things(void **state)
{
	struct error err;

	(void)state;
	if (!mkdtemp(folder) || vault_open(&err))
		return -1;
	snprintf(path, sizeof(path), "%s/key", folder);
	return 0;
}

static int remove_things(void **state)
{
	(void)state;
	vault_close();
	return rmdir(folder);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_lost_or_cut),
		cmocka_unit_test(a_child_that_was_killed_has_succeeded),
		cmocka_unit_test(a_child_that_hangs_is_waited_for),
		cmocka_unit_test(a_child_without_a_limit_is_given_up),
		cmocka_unit_test(what_a_child_delivers_comes_after_it_was_given_up),
		cmocka_unit_test(a_child_outlives_who_started_it),
		cmocka_unit_test(a_key_file_is_read_in_part_or_not_at_all),
		cmocka_unit_test(a_key_file_that_cannot_be_used_is_not_named_or_leaves_something),
		cmocka_unit_test(a_key_that_does_not_come_is_waited_for),
		cmocka_unit_test(something_that_is_no_filesystem_is_read_as_one),
	};

	return cmocka_run_group_tests_name("boot child", tests, make_things, remove_things);
}
