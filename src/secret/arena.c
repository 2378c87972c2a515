/* SPDX-License-Identifier: MIT */
/* arena - see arena.h. */
#include "secret/arena.h"
#include "base/os.h"
#include "secret/fatal.h"
#include "secret/wipe.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { ALIGN = 64, LOCK_STEP = 512 << 10 };

static struct {
	uint8_t *base;
	size_t guard;  /* bytes of the guard page on each side */
	size_t top;    /* first free byte */
	size_t locked; /* bytes from base that cannot reach swap */
} arena;

/* Lock up to @end in steps, so that a machine with a small memlock limit can still hold small secrets. */
static void lock_to(size_t end)
{
	size_t want = (end + LOCK_STEP - 1) / LOCK_STEP * LOCK_STEP;

	if (want > ARENA_BYTES)
		want = ARENA_BYTES;
	if (want <= arena.locked)
		return;
	if (!mlock2(arena.base + arena.locked, want - arena.locked, MLOCK_ONFAULT) ||
		(errno == ENOSYS && !mlock(arena.base + arena.locked, want - arena.locked)))
		arena.locked = want;
}

enum cause arena_open(struct error *err)
{
	struct rlimit no_core = {0, 0};
	uint8_t *map;

	if (arena.base)
		return CAUSE_OK;
	/*
	 * Both can only fail for a reason that also makes them unnecessary. No setrlimit: it brings half of
	 * pthread.
	 */
	(void)prlimit(0, RLIMIT_CORE, &no_core, NULL);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);

	arena.guard = os_page_bytes();
	map = mmap(NULL, ARENA_BYTES + 2 * arena.guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return error_set_os(err, CAUSE_RESOURCE, errno, "no memory for %u KiB of secrets",
			ARENA_BYTES >> 10);
	if (mprotect(map + arena.guard, ARENA_BYTES, PROT_READ | PROT_WRITE)) {
		error_set_os(err, CAUSE_RESOURCE, errno, "no memory for %u KiB of secrets",
			ARENA_BYTES >> 10);
		munmap(map, ARENA_BYTES + 2 * arena.guard);
		return CAUSE_RESOURCE;
	}
	arena.base = map + arena.guard;
	fatal_install();
	(void)madvise(arena.base, ARENA_BYTES, MADV_DONTDUMP);
	(void)madvise(arena.base, ARENA_BYTES, MADV_DONTFORK);
	return CAUSE_OK;
}

void arena_close(void)
{
	if (!arena.base)
		return;
	arena_release(0);
	fatal_wipes(FATAL_ARENA, NULL, 0);
	munmap(arena.base - arena.guard, ARENA_BYTES + 2 * arena.guard);
	arena.base = NULL;
	arena.locked = 0;
}

bool arena_is_locked(void)
{
	return arena.top <= arena.locked;
}

size_t arena_mark(void)
{
	return arena.top;
}

void *arena_alloc(size_t bytes)
{
	size_t start = arena.top;

	if (!arena.base || bytes > ARENA_BYTES - ALIGN || start > ARENA_BYTES - ALIGN - bytes)
		return NULL;
	arena.top = (start + bytes + ALIGN - 1) / ALIGN * ALIGN;
	lock_to(arena.top);
	fatal_wipes(FATAL_ARENA, arena.base, arena.top);
	return arena.base + start;
}

enum cause arena_get(void *out_pointer, size_t bytes, struct error *err)
{
	void *p = arena_alloc(bytes);

	*(void **)out_pointer = p;
	if (!p)
		return error_set(err, CAUSE_RESOURCE, "no room for %llu bytes of secrets",
			(unsigned long long)bytes);
	return CAUSE_OK;
}

void arena_release(size_t mark)
{
	if (mark >= arena.top)
		return;
	wipe(arena.base + mark, arena.top - mark);
	arena.top = mark;
}

void arena_trim(void *newest, size_t bytes, size_t written)
{
	size_t start = (size_t)((uint8_t *)newest - arena.base), keep = start + bytes;

	if (written > bytes)
		wipe(arena.base + keep, written - bytes);
	keep = (keep + ALIGN - 1) / ALIGN * ALIGN;
	if (keep < arena.top)
		arena.top = keep;
}
