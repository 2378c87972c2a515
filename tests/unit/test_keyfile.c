/* SPDX-License-Identifier: MIT */
/* Tests of secret/keyfile: cryptsetup's rules for key files. */
#include "memory.h"
#include "secret/arena.h"
#include "secret/keyfile.h"
#include <sys/stat.h>
#include <sys/wait.h>

static char folder[] = "/tmp/unit-keyfile-XXXXXX";
static char path[64], fifo[64];
static uint8_t content[KEYFILE_MAX_BYTES + 2];
static struct secret got;
static struct error err;

static void make_file(size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	size_t done = 0;

	assert_true(fd >= 0);
	while (done < len) {
		ssize_t n = write(fd, content + done, len - done);

		assert_true(n > 0);
		done += (size_t)n;
	}
	close(fd);
}

static enum cause read_from(const char *name, uint64_t offset, uint64_t size)
{
	struct keyfile kf = {name, offset, size};

	return keyfile_read(&kf, &got, &err);
}

/* Fail unless bytes @from to @from + @len of the content, and nothing else, are in the arena. */
static void assert_got(size_t mark, size_t from, size_t len)
{
	assert_int_equal(got.len, len);
	assert_memory_equal(got.data, content + from, len);
	assert_int_equal(arena_mark(), mark + (len + 63) / 64 * 64);
	assert_int_equal(unit_others(got.data + len, 0, KEYFILE_MAX_BYTES - len), 0);
	arena_release(mark);
}

/* Fail unless reading fails with @cause, a sentence that names the file, and nothing in the arena. */
static void assert_fails(enum cause cause, const char *name, uint64_t offset, uint64_t size)
{
	size_t mark = arena_mark();
	int lowest = dup(0);
	uint8_t *free_bytes;

	close(lowest);
	assert_int_equal(read_from(name, offset, size), cause);
	assert_int_equal(err.cause, cause);
	assert_non_null(strstr(err.text, name));
	assert_int_equal(arena_mark(), mark);
	assert_int_equal(dup(0), lowest);
	close(lowest);
	free_bytes = arena_alloc(ARENA_BYTES - 64 - mark);
	assert_int_equal(unit_others(free_bytes, 0, ARENA_BYTES - 64 - mark), 0);
	arena_release(mark);
}

TEST(a_byte_of_the_file_is_lost_or_stripped)
{
	static const char *const samples[] = {"x", "\n", "key\n", "key\r\n", "\nkey", " key ",
		"\xef\xbb\xbfkey"};
	static const uint8_t nul[] = "a\0b\0\0c\0";
	size_t mark = arena_mark();

	for (size_t i = 0; i < COUNT(samples); i++) {
		memcpy(content, samples[i], strlen(samples[i]));
		make_file(strlen(samples[i]));
		assert_int_equal(read_from(path, 0, 0), CAUSE_OK);
		assert_got(mark, 0, strlen(samples[i]));
	}
	memcpy(content, nul, sizeof(nul));
	make_file(sizeof(nul));
	assert_int_equal(read_from(path, 0, 0), CAUSE_OK);
	assert_got(mark, 0, sizeof(nul));
}

TEST(a_key_of_8_MiB_is_refused_or_cut)
{
	size_t mark = arena_mark();

	make_file(KEYFILE_MAX_BYTES);
	assert_int_equal(read_from(path, 0, 0), CAUSE_OK);
	assert_got(mark, 0, KEYFILE_MAX_BYTES);
	assert_int_equal(read_from(path, 0, KEYFILE_MAX_BYTES), CAUSE_OK);
	assert_got(mark, 0, KEYFILE_MAX_BYTES);
	assert_int_equal(read_from(path, KEYFILE_MAX_BYTES - 1, 0), CAUSE_OK);
	assert_got(mark, KEYFILE_MAX_BYTES - 1, 1);
}

TEST(a_longer_file_is_cut_in_silence)
{
	size_t mark = arena_mark();

	make_file(KEYFILE_MAX_BYTES + 1);
	assert_fails(CAUSE_USAGE, path, 0, 0);
	assert_non_null(strstr(err.text, "8192"));
	assert_int_equal(read_from(path, 1, 0), CAUSE_OK);
	assert_got(mark, 1, KEYFILE_MAX_BYTES);
	assert_int_equal(read_from(path, 0, 100), CAUSE_OK);
	assert_got(mark, 0, 100);
}

TEST(an_endless_file_is_read_for_ever)
{
	assert_fails(CAUSE_USAGE, "/dev/zero", 0, 0);
}

TEST(nothing_is_taken_for_an_empty_key)
{
	make_file(0);
	assert_int_equal(read_from(path, 0, 0), CAUSE_OK);
	assert_int_equal(got.len, 0);
	assert_fails(CAUSE_USAGE, path, 0, 1);
	assert_fails(CAUSE_USAGE, path, 5, 0);
	assert_fails(CAUSE_USAGE, "/dev/null", 0, 0);
	make_file(5);
	assert_fails(CAUSE_USAGE, path, 5, 0);
	assert_fails(CAUSE_USAGE, path, 6, 0);
	assert_fails(CAUSE_USAGE, path, 1ull << 40, 0);
}

TEST(offset_or_size_pick_other_bytes)
{
	size_t mark = arena_mark();

	make_file(1000);
	assert_int_equal(read_from(path, 0, 1), CAUSE_OK);
	assert_got(mark, 0, 1);
	assert_int_equal(read_from(path, 999, 0), CAUSE_OK);
	assert_got(mark, 999, 1);
	assert_int_equal(read_from(path, 100, 0), CAUSE_OK);
	assert_got(mark, 100, 900);
	assert_int_equal(read_from(path, 100, 32), CAUSE_OK);
	assert_got(mark, 100, 32);
	assert_int_equal(read_from(path, 100, 900), CAUSE_OK);
	assert_got(mark, 100, 900);
	assert_int_equal(read_from(path, 0, 1000), CAUSE_OK);
	assert_got(mark, 0, 1000);
}

TEST(fewer_bytes_than_asked_for_are_used)
{
	make_file(1000);
	assert_fails(CAUSE_USAGE, path, 0, 1001);
	assert_fails(CAUSE_USAGE, path, 1, 1000);
	assert_fails(CAUSE_USAGE, path, 999, 2);
	assert_non_null(strstr(err.text, "999"));
}

TEST(a_size_over_the_limit_is_tried)
{
	make_file(KEYFILE_MAX_BYTES + 1);
	assert_fails(CAUSE_USAGE, path, 0, KEYFILE_MAX_BYTES + 1);
	assert_fails(CAUSE_USAGE, path, 0, 1ull << 32);
	assert_fails(CAUSE_USAGE, path, 0, UINT64_MAX);
}

TEST(what_is_no_key_file_has_no_cause)
{
	assert_fails(CAUSE_USAGE, "/nonexistent/key", 0, 0);
	assert_int_equal(err.os_errno, ENOENT);
	assert_fails(CAUSE_USAGE, folder, 0, 0);
	assert_non_null(strstr(err.text, "directory"));
	/* Opens and seeks; the read fails with an input/output error. */
	assert_fails(CAUSE_USAGE, "/proc/self/mem", 0, 0);
	assert_int_equal(err.os_errno, EIO);
	assert_non_null(strstr(err.text, "key file /proc/self/mem: cannot be read"));
}

/* A writer in another process sends @len bytes of the content into @fd, at most @step at a time. */
static pid_t send(int fd, size_t len, size_t step)
{
	pid_t pid = unit_fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	if (fd < 0)
		fd = open(fifo, O_WRONLY);
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, content + done, len - done < step ? len - done : step);

		if (n <= 0)
			_exit(1);
		done += (size_t)n;
	}
	_exit(0);
}

/* Standard input becomes a pipe with @len bytes in it; the old one is returned. */
static int stdin_from_pipe(size_t len, size_t step)
{
	int fd[2], old = dup(0);

	assert_int_equal(pipe(fd), 0);
	(void)send(fd[1], len, step);
	close(fd[1]);
	assert_int_equal(dup2(fd[0], 0), 0);
	close(fd[0]);
	return old;
}

/* Standard input must still be open, as it may be asked again. */
static void stdin_back(int old)
{
	assert_true(fcntl(0, F_GETFD) >= 0);
	dup2(old, 0);
	close(old);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

TEST(a_pipe_gives_only_its_first_piece)
{
	static const size_t steps[] = {1, 7, 64, 4096, 1 << 20};
	size_t mark = arena_mark();

	for (size_t i = 0; i < COUNT(steps); i++) {
		int old = stdin_from_pipe(5000, steps[i]);

		assert_int_equal(read_from("-", 0, 0), CAUSE_OK);
		stdin_back(old);
		assert_got(mark, 0, 5000);
	}
}

TEST(an_offset_on_a_pipe_picks_other_bytes)
{
	size_t mark = arena_mark();
	int old = stdin_from_pipe(5000, 700);

	assert_int_equal(read_from("-", 1000, 0), CAUSE_OK);
	stdin_back(old);
	assert_got(mark, 1000, 4000);
	/* The offset is many times the size: what is skipped must not stay behind the key. */
	old = stdin_from_pipe(100000, 65536);
	assert_int_equal(read_from("-", 99000, 100), CAUSE_OK);
	stdin_back(old);
	assert_got(mark, 99000, 100);
	old = stdin_from_pipe(1000, 1000);
	assert_int_equal(read_from("-", 990, 0), CAUSE_OK);
	stdin_back(old);
	assert_got(mark, 990, 10);
}

TEST(a_pipe_that_ends_too_early_is_used)
{
	static const struct {
		size_t len;
		uint64_t offset, size;
	} t[] = {{0, 0, 0}, {10, 10, 0}, {10, 11, 0}, {10, 5, 6}, {10, 0, 11}, {10, 1ull << 40, 1}};

	for (size_t i = 0; i < COUNT(t); i++) {
		int old = stdin_from_pipe(t[i].len, 100);

		assert_fails(CAUSE_USAGE, "-", t[i].offset, t[i].size);
		stdin_back(old);
	}
}

TEST(a_pipe_over_the_limit_is_cut_in_silence)
{
	size_t mark = arena_mark();
	int old = stdin_from_pipe(KEYFILE_MAX_BYTES + 1, 1 << 20);

	assert_fails(CAUSE_USAGE, "-", 0, 0);
	stdin_back(old);
	old = stdin_from_pipe(KEYFILE_MAX_BYTES, 1 << 20);
	assert_int_equal(read_from("-", 0, 0), CAUSE_OK);
	stdin_back(old);
	assert_got(mark, 0, KEYFILE_MAX_BYTES);
}

TEST(bytes_behind_the_size_are_taken_from_a_pipe)
{
	size_t mark = arena_mark();
	int old = stdin_from_pipe(100, 100);
	uint8_t rest[100];
	ssize_t n;

	assert_int_equal(read_from("-", 10, 20), CAUSE_OK);
	n = read(0, rest, sizeof(rest));
	stdin_back(old);
	assert_int_equal(n, 70);
	assert_memory_equal(rest, content + 30, 70);
	assert_got(mark, 10, 20);
}

/* cryptsetup skips from where standard input stands; for a pipe it cannot be otherwise. */
TEST(an_offset_on_standard_input_counts_what_was_read_before)
{
	size_t mark = arena_mark();
	int fd, old = dup(0);

	make_file(500);
	fd = open(path, O_RDONLY);
	assert_int_equal(dup2(fd, 0), 0);
	close(fd);
	assert_int_equal(read_from("-", 100, 50), CAUSE_OK);
	assert_got(mark, 100, 50);
	assert_int_equal(read_from("-", 10, 20), CAUSE_OK);
	assert_got(mark, 160, 20);
	assert_int_equal(read_from("-", 0, 0), CAUSE_OK);
	stdin_back(old);
	assert_got(mark, 180, 320);
}

TEST(a_fifo_is_not_read)
{
	size_t mark = arena_mark();

	assert_int_equal(mkfifo(fifo, 0600), 0);
	(void)send(-1, 300, 11);
	assert_int_equal(read_from(fifo, 7, 0), CAUSE_OK);
	while (waitpid(-1, NULL, 0) > 0)
		;
	assert_got(mark, 7, 293);
}

TEST(a_full_arena_is_not_said)
{
	size_t mark = arena_mark();

	make_file(10);
	assert_non_null(arena_alloc(ARENA_BYTES - 64 - mark));
	assert_int_equal(read_from(path, 0, 0), CAUSE_RESOURCE);
	assert_int_equal(err.cause, CAUSE_RESOURCE);
	arena_release(mark);
}

TEST(a_signal_ends_the_read)
{
	/* SIGALRM without SA_RESTART, while the writer sleeps. */
	size_t mark = arena_mark();
	int fd[2], old = dup(0);
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(dup2(fd[0], 0), 0);
	close(fd[0]);
	pid = getpid();
	if (!unit_fork()) {
		usleep(20000);
		kill(pid, SIGUSR2);
		usleep(20000);
		_exit(write(fd[1], content, 40) != 40);
	}
	close(fd[1]);
	assert_int_equal(read_from("-", 0, 0), CAUSE_OK);
	stdin_back(old);
	assert_got(mark, 0, 40);
}

static void nothing(int sig)
{
	(void)sig;
}

static int start(void **state)
{
	struct sigaction action = {.sa_handler = nothing};

	(void)state;
	sigaction(SIGUSR2, &action, NULL);
	unit_fill(99, content, sizeof(content));
	if (!mkdtemp(folder) || arena_open(&err))
		return -1;
	snprintf(path, sizeof(path), "%s/key", folder);
	snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_close();
	(void)unlink(path);
	(void)unlink(fifo);
	return rmdir(folder);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_byte_of_the_file_is_lost_or_stripped),
		cmocka_unit_test(a_key_of_8_MiB_is_refused_or_cut),
		cmocka_unit_test(a_longer_file_is_cut_in_silence),
		cmocka_unit_test(an_endless_file_is_read_for_ever),
		cmocka_unit_test(nothing_is_taken_for_an_empty_key),
		cmocka_unit_test(offset_or_size_pick_other_bytes),
		cmocka_unit_test(fewer_bytes_than_asked_for_are_used),
		cmocka_unit_test(a_size_over_the_limit_is_tried),
		cmocka_unit_test(what_is_no_key_file_has_no_cause),
		cmocka_unit_test(a_pipe_gives_only_its_first_piece),
		cmocka_unit_test(an_offset_on_a_pipe_picks_other_bytes),
		cmocka_unit_test(a_pipe_that_ends_too_early_is_used),
		cmocka_unit_test(a_pipe_over_the_limit_is_cut_in_silence),
		cmocka_unit_test(bytes_behind_the_size_are_taken_from_a_pipe),
		cmocka_unit_test(an_offset_on_standard_input_counts_what_was_read_before),
		cmocka_unit_test(a_fifo_is_not_read),
		cmocka_unit_test(a_full_arena_is_not_said),
		cmocka_unit_test(a_signal_ends_the_read),
	};

	return cmocka_run_group_tests(tests, start, end);
}
