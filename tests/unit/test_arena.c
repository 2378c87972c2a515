/* SPDX-License-Identifier: MIT */
/* Tests of secret/arena: where secrets live, and that they die. */
#include "memory.h"
#include "secret/arena.h"
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* munmap(2) of this program looks at what is given back. */
static struct {
	bool watch;
	unsigned calls;
	size_t dirty; /* bytes that were not zero */
} unmapped;

int munmap(void *p, size_t len)
{
	if (unmapped.watch) {
		size_t guard = (size_t)sysconf(_SC_PAGESIZE);

		unmapped.calls++;
		unmapped.dirty += unit_others((uint8_t *)p + guard, 0, len - 2 * guard);
	}
	return (int)syscall(SYS_munmap, p, len);
}

static int open_arena(void **state)
{
	struct error err;

	(void)state;
	return arena_open(&err) ? -1 : 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_close();
	return 0;
}

TEST(a_secret_is_not_aligned)
{
	static const size_t sizes[] = {1, 63, 64, 65, 512, 1000, 4096, 0, 7};
	uint8_t *before = (uint8_t *)arena_alloc(1) + 1;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		uint8_t *p = arena_alloc(sizes[i]);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 64, 0);
		assert_true(p >= before);
		before = p + sizes[i];
		memset(p, 0xee, sizes[i]);
	}
}

TEST(memory_is_handed_out_with_an_old_secret_in_it)
{
	size_t mark = arena_mark();
	uint8_t *p = arena_alloc(ARENA_BYTES - 64);

	assert_non_null(p);
	assert_int_equal(unit_others(p, 0, ARENA_BYTES - 64), 0);
	memset(p, 0xa5, ARENA_BYTES - 64);
	arena_release(mark);
	assert_ptr_equal(arena_alloc(ARENA_BYTES - 64), p);
	assert_int_equal(unit_others(p, 0, ARENA_BYTES), 0);
}

TEST(release_leaves_a_secret_behind_or_takes_an_older_one)
{
	uint8_t *older = arena_alloc(100), *newer, *newest;
	size_t mark = arena_mark();

	newer = arena_alloc(1000);
	newest = arena_alloc(1);
	memset(older, 0x11, 100);
	memset(newer, 0x22, 1000);
	*newest = 0x33;
	arena_release(mark);
	assert_int_equal(unit_others(older, 0x11, 100), 0);
	assert_int_equal(unit_others(newer, 0, (size_t)(newest + 64 - newer)), 0);
	assert_int_equal(arena_mark(), mark);
	assert_ptr_equal(arena_alloc(1), newer);
}

TEST(a_mark_that_was_released_already_gives_memory_back)
{
	size_t low = arena_mark(), high;
	uint8_t *p = arena_alloc(100);

	high = arena_mark();
	arena_release(low);
	arena_release(high);
	assert_int_equal(arena_mark(), low);
	assert_ptr_equal(arena_alloc(1), p);
}

TEST(an_overrun_reaches_other_memory)
{
	uint8_t *base = arena_alloc(1);

	assert_int_equal(arena_mark(), 64);
	assert_true(memory_readable(base));
	assert_true(memory_readable(base + ARENA_BYTES - 1));
	assert_false(memory_readable(base - 1));
	assert_false(memory_readable(base + ARENA_BYTES));
	assert_false(memory_writable(base - 1));
	assert_false(memory_writable(base + ARENA_BYTES));
}

TEST(a_full_arena_hands_out_more)
{
	struct error err = {0};
	void *p = &err;
	size_t mark;

	assert_null(arena_alloc(ARENA_BYTES - 63));
	assert_null(arena_alloc(ARENA_BYTES));
	assert_null(arena_alloc(SIZE_MAX));
	assert_null(arena_alloc(SIZE_MAX - 63));
	assert_non_null(arena_alloc(ARENA_BYTES - 200));
	assert_non_null(arena_alloc(64));
	mark = arena_mark();
	assert_null(arena_alloc(65));
	assert_int_equal(arena_get(&p, 1000, &err), CAUSE_RESOURCE);
	assert_int_equal(err.cause, CAUSE_RESOURCE);
	assert_non_null(strstr(err.text, "1000"));
	assert_null(p);
	assert_int_equal(arena_mark(), mark);
}

TEST(get_returns_another_pointer_than_alloc)
{
	struct error err;
	size_t mark = arena_mark();
	uint8_t *p, *q;

	assert_int_equal(arena_get(&p, 40, &err), CAUSE_OK);
	arena_release(mark);
	q = arena_alloc(40);
	assert_non_null(q);
	assert_ptr_equal(p, q);
}

TEST(trim_keeps_what_it_was_told_to_drop)
{
	static const size_t keeps[] = {0, 1, 63, 64, 65, 511, 1000, 1024};

	for (size_t i = 0; i < COUNT(keeps); i++) {
		size_t mark = arena_mark(), kept = keeps[i];
		uint8_t *older = arena_alloc(10), *p = arena_alloc(1024);

		memset(older, 0x11, 10);
		memset(p, 0x77, 1024);
		arena_trim(p, kept, 1024);
		assert_int_equal(unit_others(older, 0x11, 10), 0);
		assert_int_equal(unit_others(p, 0x77, kept), 0);
		assert_int_equal(unit_others(p + kept, 0, 1024 - kept), 0);
		assert_ptr_equal(arena_alloc(1), p + (kept + 63) / 64 * 64);
		arena_release(mark);
	}
}

/* Wiping is also touching: what never held anything must not become part of the process. */
TEST(trim_touches_memory_that_nothing_was_written_to)
{
	const size_t room = 8 << 20;
	unsigned char resident[(8 << 20) / 4096 + 1];
	uint8_t *p = arena_alloc(room), *page;
	size_t touched = 0, pages;

	SKIP_EMULATED("madvise");
	memset(p, 0x77, 100);
	arena_trim(p, 40, 100);
	assert_int_equal(unit_others(p, 0x77, 40), 0);
	assert_int_equal(unit_others(p + 40, 0, 200), 0);
	page = p + (4096 - (uintptr_t)p % 4096) % 4096 + 4096;
	pages = (room - (size_t)(page - p)) / 4096;
	assert_int_equal(mincore((void *)page, pages * 4096, resident), 0);
	for (size_t i = 0; i < pages; i++)
		touched += resident[i] & 1;
	assert_int_equal(touched, 0);
}

TEST(a_second_open_makes_a_second_arena)
{
	struct error err;
	uint8_t *p = arena_alloc(64);

	memset(p, 0x55, 64);
	assert_int_equal(arena_open(&err), CAUSE_OK);
	assert_int_equal(unit_others(p, 0x55, 64), 0);
	assert_ptr_equal(arena_alloc(1), p + 64);
}

TEST(close_gives_secrets_back_to_the_kernel)
{
	uint8_t *p = arena_alloc(5000);
	struct error err;

	memset(p, 0x5a, 5000);
	unmapped.watch = true;
	unmapped.calls = 0;
	unmapped.dirty = 0;
	arena_close();
	unmapped.watch = false;
	assert_int_equal(unmapped.calls, 1);
	assert_int_equal(unmapped.dirty, 0);
	assert_false(memory_readable(p));
	assert_null(arena_alloc(1));
	arena_close();
	assert_int_equal(arena_open(&err), CAUSE_OK);
	assert_int_equal(arena_mark(), 0);
	p = arena_alloc(5000);
	assert_int_equal(unit_others(p, 0, 5000), 0);
}

/* The line "VmFlags: ..." of the mapping that @p is in, from /proc/self/smaps. */
static void flags_of(const void *p, char *out, size_t size)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	unsigned long low = 0, high = 0, a, b;
	char line[512];

	*out = 0;
	assert_non_null(smaps);
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &a, &b) == 2 && strchr(line, '-') < strchr(line, ' ')) {
			low = a;
			high = b;
		}
		if (!strncmp(line, "VmFlags:", 8) && (uintptr_t)p >= low && (uintptr_t)p < high)
			snprintf(out, size, "%s ", line);
	}
	fclose(smaps);
}

TEST(secrets_can_reach_swap_or_a_core_dump_or_a_child)
{
	uint8_t *p = arena_alloc(4096);
	char flags[512];

	SKIP_EMULATED("madvise");
	flags_of(p, flags, sizeof(flags));
	if (!*flags)
		SKIP("this kernel shows no VmFlags");
	assert_non_null(strstr(flags, " dd ")); /* left out of core dumps */
	assert_non_null(strstr(flags, " dc ")); /* left out of children */
	if (arena_is_locked())
		assert_non_null(strstr(flags, " lo "));
	p = arena_alloc(3 << 20);
	flags_of(p + (3 << 20) - 1, flags, sizeof(flags));
	assert_non_null(strstr(flags, " dd "));
	assert_non_null(strstr(flags, " dc "));
	if (arena_is_locked())
		assert_non_null(strstr(flags, " lo "));
}

TEST(memory_that_holds_nothing_is_locked)
{
	uint8_t *p = arena_alloc(64);
	char flags[512];

	flags_of(p + (2 << 20), flags, sizeof(flags));
	assert_null(strstr(flags, " lo "));
}

TEST(a_child_inherits_the_secrets)
{
	uint8_t *p = arena_alloc(64);
	int status;
	pid_t pid;

	SKIP_EMULATED("madvise");
	pid = unit_fork();
	if (!pid)
		_exit(memory_readable(p));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(memory_readable(p));
}

TEST(the_process_can_be_dumped_or_traced)
{
	struct rlimit core;

	assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
	assert_int_equal(core.rlim_cur, 0);
	assert_int_equal(core.rlim_max, 0);
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
}

/* In a child: an ordinary user who may lock @limit bytes. 1: all is well. */
static int as_limited_user(rlim_t limit, bool first_locked)
{
	struct rlimit r = {limit, limit};
	struct error err;
	size_t mark;
	uint8_t *p;

	arena_close();
	if (setrlimit(RLIMIT_MEMLOCK, &r) || (!geteuid() && setresuid(65534, 65534, 65534)))
		return 2;
	if (arena_open(&err) || !arena_alloc(1000))
		return 3;
	if (arena_is_locked() != first_locked)
		return 4;
	mark = arena_mark();
	p = arena_alloc(2 << 20);
	if (!p || arena_is_locked())
		return 5;
	memset(p, 1, 2 << 20);
	arena_release(mark);
	return arena_is_locked() == first_locked ? 1 : 6;
}

static void assert_limited_user(rlim_t limit, bool first_locked)
{
	int status;
	pid_t pid = unit_fork();

	if (!pid)
		_exit(as_limited_user(limit, first_locked));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

TEST(memory_that_cannot_be_locked_is_called_locked)
{
	assert_limited_user(0, false);
}

TEST(a_small_limit_leaves_even_a_passphrase_unlocked)
{
	assert_limited_user(1 << 20, true);
}

int main(void)
{
#define ARENA_TEST(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)
	static const struct CMUnitTest tests[] = {
		ARENA_TEST(a_secret_is_not_aligned),
		ARENA_TEST(memory_is_handed_out_with_an_old_secret_in_it),
		ARENA_TEST(release_leaves_a_secret_behind_or_takes_an_older_one),
		ARENA_TEST(a_mark_that_was_released_already_gives_memory_back),
		ARENA_TEST(an_overrun_reaches_other_memory),
		ARENA_TEST(a_full_arena_hands_out_more),
		ARENA_TEST(get_returns_another_pointer_than_alloc),
		ARENA_TEST(trim_keeps_what_it_was_told_to_drop),
		ARENA_TEST(trim_touches_memory_that_nothing_was_written_to),
		ARENA_TEST(a_second_open_makes_a_second_arena),
		ARENA_TEST(close_gives_secrets_back_to_the_kernel),
		ARENA_TEST(secrets_can_reach_swap_or_a_core_dump_or_a_child),
		ARENA_TEST(memory_that_holds_nothing_is_locked),
		ARENA_TEST(a_child_inherits_the_secrets),
		ARENA_TEST(the_process_can_be_dumped_or_traced),
		ARENA_TEST(memory_that_cannot_be_locked_is_called_locked),
		ARENA_TEST(a_small_limit_leaves_even_a_passphrase_unlocked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
