/* SPDX-License-Identifier: MIT */
/*
 * arena - the one place where secrets live.
 *
 * One mapping between guard pages: locked in memory as it is used, left out of core
 * dumps and of children. Allocation only moves a mark; release wipes everything above a
 * mark. So every secret has an address and a lifetime, and a forgotten one dies with
 * the mark below it.
 *
 *     size_t mark = arena_mark();
 *     uint8_t *key = arena_alloc(64);
 *     ...
 *     arena_release(mark);
 */
#ifndef SECRET_ARENA_H
#define SECRET_ARENA_H

#include "base/cause.h"
#include <stdbool.h>
#include <stdint.h>

/* Room for one key file of 8 MiB and everything that one keyslot needs beside it. */
enum { ARENA_BYTES = 10 << 20 };

/*
 * Make the arena, and the process undumpable and untraceable; a fatal signal wipes it (fatal.h). Call once,
 * first.
 * Fails: CAUSE_RESOURCE when the mapping cannot be had.
 */
enum cause arena_open(struct error *err) MUST_USE;

/* Wipe all of it and give it back. Safe to call twice. */
void arena_close(void);

/* False when the kernel refused to lock some of what is allocated now: it could then reach swap. */
bool arena_is_locked(void);

size_t arena_mark(void);

/* @bytes of zeroes, 64-byte aligned, until the mark below is released. NULL when the arena is full. */
void *arena_alloc(size_t bytes);

/* arena_alloc that says so. Fails: CAUSE_RESOURCE. */
enum cause arena_get(void *out_pointer, size_t bytes, struct error *err) MUST_USE;

/* Wipe and give back everything allocated since @mark was taken. */
void arena_release(size_t mark);

/*
 * Give back the end of the newest allocation: it keeps @bytes. The rest is wiped up to @written, which is how
 * much of it ever held something: memory behind that is not even touched.
 */
void arena_trim(void *newest, size_t bytes, size_t written);

#endif
