/* SPDX-License-Identifier: MIT */
/*
 * fuzz_json_pool - format/json.c with memory that is not mapped anew for each text: what was used is wiped.
 */
#ifndef TESTS_FUZZ_JSON_POOL_H
#define TESTS_FUZZ_JSON_POOL_H

#include <sanitizer/asan_interface.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

static void *fuzz_pool_map(size_t size);
static void fuzz_pool_unmap(void);
#define mmap(at, size, protection, flags, fd, off) fuzz_pool_map(size)
#define munmap(at, size) fuzz_pool_unmap()
#include "../../src/format/json.c"
#undef mmap
#undef munmap
/* cjson_config.h gave these to the library. */
#undef malloc
#undef free
#undef realloc

static uint8_t fuzz_pool[8 << 20];

/* Nothing behind @size may be touched. */
static void *fuzz_pool_map(size_t size)
{
	if (size > sizeof(fuzz_pool))
		return MAP_FAILED;
	__asan_poison_memory_region(fuzz_pool + size, 4096);
	return fuzz_pool;
}

static void fuzz_pool_unmap(void)
{
	__asan_unpoison_memory_region(fuzz_pool + pool.size, 4096);
	memset(fuzz_pool, 0, pool.used);
}

#endif
