/* SPDX-License-Identifier: MIT */
/* Every core of Argon2, its threads and its memory, against RFC 9106 and the reference library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/machine.h"
#include "base/os.h"
#include "crypto/core.h"

/* What the code under test asks the system for goes through here. */
static int threads_allowed, threads_started, dirty_bytes, mapped;
static bool memory_refused;
static unsigned processors;
static const struct argon2_core *core_under_test;

static bool counted_thread(int (*run)(void *), void *arg, void *stack, atomic_int *alive)
{
	return threads_started < threads_allowed && ++threads_started && os_thread(run, arg, stack, alive);
}

static void *counted_map(void *at, size_t len, int protection, int flags, int fd, off_t off)
{
	if (memory_refused)
		return MAP_FAILED;
	mapped++;
	return mmap(at, len, protection, flags, fd, off);
}

/* Everything is zero when it is given back. A guard page is made readable first. */
static int checked_unmap(void *at, size_t len)
{
	const uint8_t *p = at;

	assert_int_equal(mprotect(at, len, PROT_READ), 0);
	for (size_t i = 0; i < len; i++)
		dirty_bytes += p[i] != 0;
	mapped--;
	return munmap(at, len);
}

#define os_thread counted_thread
#define mmap counted_map
#define munmap checked_unmap
#define machine_processors() processors
#define core_argon2() core_under_test
#include "../../src/crypto/argon2_derive.c"
#include "../../src/crypto/argon2_fill.c"
#include "../../src/crypto/team.c"
#undef core_argon2
#undef os_thread
#undef mmap
#undef munmap

#include "crypto/argon2_c.h"
#include <argon2.h>

static uint64_t seed = 1;

static uint32_t random32(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 32);
}

static void random_bytes(uint8_t *p, size_t n)
{
	while (n--)
		*p++ = (uint8_t)random32();
}

static int fresh(void **state)
{
	(void)state;
	threads_allowed = 1000;
	threads_started = dirty_bytes = mapped = 0;
	memory_refused = false;
	processors = 3;
	core_under_test = core_argon2();
	return 0;
}

static int tidy(void **state)
{
	(void)state;
	assert_int_equal(mapped, 0);
	assert_int_equal(dirty_bytes, 0);
	return 0;
}

/* All that run here; plain C is no core of its own where the architecture has better. */
static unsigned all_cores(const struct argon2_core *list[static 8])
{
	unsigned n = 0;

	list[n++] = &argon2_c;
	for (const struct argon2_core *const *c = arch.argon2; *c; c++)
		if ((*c)->needs & ~arch.detect())
			print_message("# not on this processor: %s\n", (*c)->name);
		else if (*c != &argon2_c)
			list[n++] = *c;
	return n;
}

static void with_core(const struct argon2_core *core, const struct kdf *kdf, struct bytes secret,
	uint8_t *out, size_t out_bytes)
{
	core_under_test = core;
	assert_int_equal(argon2_derive(kdf, secret, out, out_bytes, NULL), CAUSE_OK);
}

static void reference(const struct kdf *kdf, struct bytes secret, uint8_t *out, size_t out_bytes)
{
	int rc = argon2_hash(kdf->iterations, kdf->memory_kib, kdf->lanes, secret.data, secret.len, kdf->salt,
		kdf->salt_bytes, out, out_bytes, NULL, 0, kdf->kind == KDF_ARGON2I ? Argon2_i : Argon2_id,
		ARGON2_VERSION_13);

	assert_int_equal(rc, ARGON2_OK);
}

/* --- published vectors ----------------------------------------------------------------------- */

/* RFC 9106, 5.2 and 5.3. They have a key and associated data, so the inputs of H0 are given here. */
static void vectors_of_the_rfc(void **state)
{
	static const struct {
		enum kdf_kind kind;
		uint8_t tag[32];
	} vectors[] = {
		{KDF_ARGON2I, {0xc8, 0x14, 0xd9, 0xd1, 0xdc, 0x7f, 0x37, 0xaa, 0x13, 0xf0, 0xd7, 0x7f, 0x24,
				      0x94, 0xbd, 0xa1, 0xc8, 0xde, 0x6b, 0x01, 0x6d, 0xd3, 0x88, 0xd2, 0x99,
				      0x52, 0xa4, 0xc4, 0x67, 0x2b, 0x6c, 0xe8}},
		{KDF_ARGON2ID, {0x0d, 0x64, 0x0d, 0xf5, 0x8d, 0x78, 0x76, 0x6c, 0x08, 0xc0, 0x37, 0xa3, 0x4a,
				       0x8b, 0x53, 0xc9, 0xd0, 0x1e, 0xf0, 0x45, 0x2d, 0x75, 0xb6, 0x5e, 0xb5,
				       0x25, 0x20, 0xe9, 0x6b, 0x01, 0xe6, 0x59}},
	};
	const struct argon2_core *cores[8];
	unsigned n = all_cores(cores);

	(void)state;
	for (unsigned v = 0; v < 2; v++)
		for (unsigned c = 0; c < n; c++) {
			const struct kdf kdf = {.kind = vectors[v].kind,
				.iterations = 3,
				.memory_kib = 32,
				.lanes = 4};
			uint8_t in[4][32], h0[ARGON2_PREHASH_SEED_LENGTH], tag_[32];
			argon2_context inputs = {.outlen = 32,
				.pwd = in[0],
				.pwdlen = 32,
				.salt = in[1],
				.saltlen = 16,
				.secret = in[2],
				.secretlen = 8,
				.ad = in[3],
				.adlen = 12,
				.t_cost = 3,
				.m_cost = 32,
				.lanes = 4,
				.version = ARGON2_VERSION_13};
			struct derivation d = {.out = tag_, .out_bytes = sizeof(tag_)};

			core_under_test = cores[c];
			for (int i = 0; i < 4; i++)
				memset(in[i], i + 1, sizeof(in[i]));
			assert_true(plan(&d, &kdf));
			initial_hash(h0, &inputs, d.instance.type);
			assert_true(derive(&d, h0));
			assert_memory_equal(tag_, vectors[v].tag, sizeof(tag_));
		}
}

/* --- against the reference library ------------------------------------------------------------- */

static void random_parameters(uint32_t lanes, uint32_t most_kib, const struct argon2_core *core)
{
	struct kdf kdf = {
		.kind = random32() & 1 ? KDF_ARGON2I : KDF_ARGON2ID,
		.iterations = 1 + random32() % 4,
		.memory_kib = 8 * lanes + random32() % most_kib,
		.lanes = lanes,
		.salt_bytes = 8 + random32() % (KDF_SALT_MAX_BYTES - 7),
	};
	uint8_t secret[150], want[200], got[200 + 1];
	size_t secret_bytes = random32() % sizeof(secret), out_bytes = 4 + random32() % 197;

	random_bytes(kdf.salt, kdf.salt_bytes);
	random_bytes(secret, secret_bytes);
	reference(&kdf, (struct bytes){secret, secret_bytes}, want, out_bytes);
	got[out_bytes] = 0xa5;
	with_core(core, &kdf, (struct bytes){secret, secret_bytes}, got, out_bytes);
	if (memcmp(got, want, out_bytes))
		print_message("# %s, %s, %u KiB, %u passes, %u lanes\n", core->name, kdf_name(kdf.kind),
			kdf.memory_kib, kdf.iterations, kdf.lanes);
	assert_memory_equal(got, want, out_bytes);
	assert_int_equal(got[out_bytes], 0xa5);
}

/* Small odd sizes, and for each number of lanes some that need more than one block of addresses. */
static void agrees_with_the_library(void **state)
{
	const struct argon2_core *cores[8];
	unsigned n = all_cores(cores);

	(void)state;
	for (unsigned c = 0; c < n; c++)
		for (uint32_t lanes = 1; lanes <= 16; lanes++) {
			for (int i = 0; i < 4; i++)
				random_parameters(lanes, 40 * lanes, cores[c]);
			random_parameters(lanes, 2500, cores[c]);
		}
	assert_true(threads_started > 0);
}

/* More than one huge page. */
static void larger_than_a_huge_page(void **state)
{
	const struct argon2_core *cores[8];
	unsigned n = all_cores(cores);

	(void)state;
	for (unsigned c = 0; c < n; c++)
		random_parameters(1 + c % 3, 9000, cores[c]);
}

static void through_the_face(void **state)
{
	struct kdf kdf = {.kind = KDF_ARGON2ID,
		.iterations = 2,
		.memory_kib = 1000,
		.lanes = 3,
		.salt_bytes = 32};
	const struct bytes secret = {"password", 8};
	uint8_t want[64], got[64];

	(void)state;
	reference(&kdf, secret, want, sizeof(want));
	assert_int_equal(argon2_derive(&kdf, secret, got, sizeof(got), NULL), CAUSE_OK);
	assert_memory_equal(got, want, sizeof(got));
}

/* --- threads and memory -------------------------------------------------------------------------- */

static void any_number_of_threads(void **state)
{
	struct kdf kdf = {.kind = KDF_ARGON2ID,
		.iterations = 3,
		.memory_kib = 777,
		.lanes = 5,
		.salt_bytes = 16};
	const struct bytes secret = {"secret", 6};
	uint8_t want[32], got[32];

	(void)state;
	reference(&kdf, secret, want, sizeof(want));
	for (processors = 1; processors <= 7; processors++)
		for (threads_allowed = 0; threads_allowed <= 5; threads_allowed++) {
			int expected = processors < kdf.lanes ? (int)processors : (int)kdf.lanes;

			threads_started = 0;
			with_core(core_under_test, &kdf, secret, got, sizeof(got));
			assert_memory_equal(got, want, sizeof(got));
			expected = expected - 1 < threads_allowed ? expected - 1 : threads_allowed;
			assert_int_equal(threads_started, expected);
		}
}

static void no_memory_is_another_cause(void **state)
{
	struct kdf kdf = {.kind = KDF_ARGON2ID,
		.iterations = 1,
		.memory_kib = 2048,
		.lanes = 1,
		.salt_bytes = 16};
	uint8_t out[32];

	(void)state;
	memory_refused = true;
	assert_int_equal(argon2_derive(&kdf, (struct bytes){"", 0}, out, sizeof(out), NULL), CAUSE_RESOURCE);
}

static void impossible_parameters_are_refused(void **state)
{
	static const struct kdf wrong[] = {
		{.kind = KDF_ARGON2ID, .iterations = 0, .memory_kib = 64, .lanes = 1},
		{.kind = KDF_ARGON2ID, .iterations = 1, .memory_kib = 64, .lanes = 0},
		{.kind = KDF_ARGON2ID, .iterations = 1, .memory_kib = 15, .lanes = 2},
		{.kind = KDF_ARGON2ID, .iterations = UINT32_MAX, .memory_kib = 16, .lanes = 2},
		{.kind = KDF_ARGON2ID, .iterations = 1, .memory_kib = UINT32_MAX, .lanes = 0x1000000},
	};
	uint8_t out[32];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(argon2_derive(&wrong[i], (struct bytes){"", 0}, out, 32, NULL), CAUSE_BUG);
}

static uint64_t calls;

static void tell(void *context, uint64_t done, uint64_t total)
{
	assert_null(context);
	assert_int_equal(total, 12);
	assert_int_equal(done, ++calls);
}

static void every_slice_is_told(void **state)
{
	struct kdf kdf = {.kind = KDF_ARGON2ID,
		.iterations = 3,
		.memory_kib = 100,
		.lanes = 2,
		.salt_bytes = 16};
	const struct progress p = {tell, NULL};
	uint8_t out[32];

	(void)state;
	assert_int_equal(argon2_derive(&kdf, (struct bytes){"", 0}, out, sizeof(out), &p), CAUSE_OK);
	assert_int_equal(calls, 12);
}

/* --- where a reference may lie -------------------------------------------------------------------- */

/* RFC 9106, 3.4.1.1 and 3.4.2, with the divisions that the core avoids. */
static const block *slow_reference(const argon2_instance_t *f, const argon2_position_t *at, uint64_t j,
	uint32_t i)
{
	uint64_t segment = f->segment_length, length = f->lane_length, area, start = 0, x;
	uint32_t lane = (uint32_t)((j >> 32) % f->lanes);

	if (at->pass == 0 && at->slice == 0)
		lane = at->lane;
	area = at->pass ? length - segment : at->slice * segment;
	if (lane == at->lane)
		area += i;
	if (lane == at->lane || i == 0)
		area--;
	if (at->pass)
		start = (at->slice + 1) * segment % length;
	x = (j & UINT32_MAX) * (j & UINT32_MAX) >> 32;
	x = area - 1 - (area * x >> 32);
	return f->memory + lane * length + (start + x) % length;
}

static void references_need_no_division(void **state)
{
	(void)state;
	for (int n = 0; n < 200000; n++) {
		uint32_t lanes = 1 + random32() % (n % 2 ? 16 : 0xffffff), segment = 2 + random32() % 5000;
		argon2_instance_t f = {.type = Argon2_id,
			.passes = 3,
			.lanes = lanes,
			.segment_length = segment,
			.lane_length = 4 * segment};
		argon2_position_t at = {.pass = random32() % 3,
			.slice = (uint8_t)(random32() % 4),
			.lane = random32() % lanes};
		struct argon2_window w = argon2_window(&f, &at);
		uint64_t j = (uint64_t)random32() << 32 | random32();
		uint32_t i = random32() % segment;

		if (n % 5 == 0)
			j |= 0xffffffffull << (n % 2 ? 32 : 0);
		if (at.pass == 0 && at.slice == 0 && i < 2)
			continue;
		assert_ptr_equal(argon2_reference(&w, j, i), slow_reference(&f, &at, j, i));
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, tidy)
	const struct CMUnitTest tests[] = {
		TEST(vectors_of_the_rfc),
		TEST(agrees_with_the_library),
		TEST(larger_than_a_huge_page),
		TEST(through_the_face),
		TEST(any_number_of_threads),
		TEST(no_memory_is_another_cause),
		TEST(impossible_parameters_are_refused),
		TEST(every_slice_is_told),
		TEST(references_need_no_division),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
