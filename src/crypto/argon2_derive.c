/* SPDX-License-Identifier: MIT */
/* argon2_derive - see argon2_derive.h. */
#include "crypto/argon2_derive.h"
#include "base/machine.h"
#include "secret/wipe.h"
#include <argon2.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

/*
 * The library's allocation callbacks carry no context, and it forgets the matrix when
 * filling fails: so the mapping is remembered here and released by us.
 */
static struct {
	uint8_t *map;
	size_t map_bytes;
	uint8_t *matrix;
	size_t matrix_bytes;
} memory;

static int matrix_map(uint8_t **out, size_t bytes)
{
	*out = NULL;
	if (bytes > SIZE_MAX - HUGE_PAGE)
		return 1;
	memory.map = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory.map == MAP_FAILED) {
		memory.map = NULL;
		return 1;
	}
	memory.map_bytes = bytes + HUGE_PAGE;
	memory.matrix = memory.map + (HUGE_PAGE - (uintptr_t)memory.map % HUGE_PAGE) % HUGE_PAGE;
	memory.matrix_bytes = bytes;
	(void)madvise(memory.map, memory.map_bytes, MADV_DONTDUMP);
	(void)madvise(memory.matrix, memory.matrix_bytes, MADV_HUGEPAGE);
	*out = memory.matrix;
	return 0;
}

static void matrix_unmap(void)
{
	munmap(memory.map, memory.map_bytes);
	memory.map = NULL;
}

/* The library has just wiped the matrix when it calls this. */
static void matrix_free(uint8_t *matrix, size_t bytes)
{
	(void)matrix, (void)bytes;
	matrix_unmap();
}

/* The library returned without giving the matrix back: it failed while filling it. */
static void matrix_abandoned(void)
{
	wipe(memory.matrix, memory.matrix_bytes);
	matrix_unmap();
}

static int run(const struct kdf *kdf, struct bytes secret, uint8_t *out, size_t out_bytes, uint32_t threads)
{
	argon2_context ctx = {
		.out = out,
		.outlen = (uint32_t)out_bytes,
		/* Not const in the library's type; without the clear flag it is only read. */
		.pwd = (uint8_t *)(uintptr_t)secret.data,
		.pwdlen = (uint32_t)secret.len,
		.salt = (uint8_t *)(uintptr_t)kdf->salt,
		.saltlen = kdf->salt_bytes,
		.t_cost = kdf->iterations,
		.m_cost = kdf->memory_kib,
		.lanes = kdf->lanes,
		.threads = threads,
		.version = ARGON2_VERSION_13,
		.allocate_cbk = matrix_map,
		.free_cbk = matrix_free,
		.flags = ARGON2_DEFAULT_FLAGS,
	};
	int rc = argon2_ctx(&ctx, kdf->kind == KDF_ARGON2I ? Argon2_i : Argon2_id);

	if (memory.map)
		matrix_abandoned();
	return rc;
}

enum cause argon2_derive(const struct kdf *kdf, struct bytes secret, uint8_t *out, size_t out_bytes,
	struct error *err)
{
	uint32_t processors = machine_processors();
	uint32_t threads = kdf->lanes < processors ? kdf->lanes : processors;
	int rc = run(kdf, secret, out, out_bytes, threads);

	/* The result depends on the lanes, not on the threads that fill them. */
	if (rc == ARGON2_THREAD_FAIL)
		rc = run(kdf, secret, out, out_bytes, 1);
	switch (rc) {
	case ARGON2_OK:
		return CAUSE_OK;
	case ARGON2_MEMORY_ALLOCATION_ERROR:
		return error_set(err, CAUSE_RESOURCE, "%u MiB of memory for %s could not be had",
			kdf->memory_kib >> 10, kdf_name(kdf->kind));
	default:
		return error_set(err, CAUSE_BUG, "%s failed with code %d of its library", kdf_name(kdf->kind), rc);
	}
}
