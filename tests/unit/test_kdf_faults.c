/* SPDX-License-Identifier: MIT */
/* Tests of crypto/kdf on machines that lack memory, threads or processors. */
#include "memory.h"
#include "threads.h"
#include "base/machine.h"
#include "crypto/argon2_derive.h"
#include "crypto/kdf.h"
#include "crypto/kdf_limits.h"
#include "real_mmap.h"
#include <argon2.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* --- the machine --------------------------------------------------------------------------- */

static uint64_t available_kib = UINT64_MAX;
static unsigned processors = 1;

static uint64_t disk_swap;
static size_t locked;
static bool cannot_lock;

int mlock2(const void *p, size_t len, unsigned flags)
{
	(void)p;
	(void)flags;
	locked = cannot_lock ? 0 : len;
	return cannot_lock ? -1 : 0;
}

uint64_t machine_disk_swap_kib(void)
{
	return disk_swap;
}

bool machine_swaps_to_disk(void)
{
	return disk_swap;
}

uint64_t machine_memory_available_kib(void)
{
	return available_kib;
}

unsigned machine_processors(void)
{
	return processors;
}

/* Mappings of 2 MiB and more, as only Argon2's matrix is. */
static struct {
	bool fail;
	bool fail_others; /* the stacks of threads */
	unsigned made, returned;
	size_t dirty; /* words that were given back with something in them */
} maps;

void *mmap(void *where, size_t len, int prot, int flags, int fd, off_t off)
{
	if (len >= 2 << 20) {
		if (maps.fail) {
			errno = ENOMEM;
			return MAP_FAILED;
		}
		maps.made++;
	} else if (maps.fail_others) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return real_mmap(where, len, prot, flags, fd, off);
}

int munmap(void *p, size_t len)
{
	if (len >= 2 << 20) {
		maps.returned++;
		for (const uint64_t *word = p; word < (uint64_t *)p + len / 8; word++)
			maps.dirty += *word != 0;
	}
	return (int)syscall(SYS_munmap, p, len);
}

static int reset(void **state)
{
	(void)state;
	memset(&maps, 0, sizeof(maps));
	memset(&threads, 0, sizeof(threads));
	available_kib = UINT64_MAX;
	processors = 1;
	return 0;
}

/* --- may it, can it ------------------------------------------------------------------------- */

static const struct kdf_limits limits = {.memory_kib = 100000,
	.lanes = 4,
	.kib_passes = 1000000,
	.pbkdf2_iterations = 5000};

static enum cause check(enum kdf_kind kind, uint32_t iterations, uint32_t memory_kib, uint32_t lanes)
{
	struct kdf kdf = {.kind = kind, .iterations = iterations, .memory_kib = memory_kib, .lanes = lanes};
	struct error err;
	enum cause cause = kdf_check(&kdf, &limits, &err);

	if (cause) {
		assert_int_equal(err.cause, cause);
		assert_non_null(strstr(err.text, kdf_name(kind)));
	}
	return cause;
}

TEST(a_limit_is_off_by_one_or_not_looked_at)
{
	for (enum kdf_kind k = KDF_ARGON2I; k <= KDF_ARGON2ID; k++) {
		assert_int_equal(check(k, 1, 100000, 4), CAUSE_OK);
		assert_int_equal(check(k, 1, 100001, 4), CAUSE_UNSUPPORTED);
		assert_int_equal(check(k, 1, 100000, 5), CAUSE_UNSUPPORTED);
		assert_int_equal(check(k, 10, 100000, 1), CAUSE_OK);
		assert_int_equal(check(k, 11, 100000, 1), CAUSE_UNSUPPORTED);
		assert_int_equal(check(k, 1000000, 1, 1), CAUSE_OK);
		assert_int_equal(check(k, 1000001, 1, 1), CAUSE_UNSUPPORTED);
	}
	assert_int_equal(check(KDF_PBKDF2, 5000, 0, 0), CAUSE_OK);
	assert_int_equal(check(KDF_PBKDF2, 5001, 0, 0), CAUSE_UNSUPPORTED);
	assert_int_equal(check(KDF_PBKDF2, UINT32_MAX, 0, 0), CAUSE_UNSUPPORTED);
}

TEST(a_cost_that_overflows_32_bits_is_small)
{
	assert_int_equal(check(KDF_ARGON2ID, 65536, 65536, 1), CAUSE_UNSUPPORTED);
	assert_int_equal(check(KDF_ARGON2ID, 1u << 31, 2, 1), CAUSE_UNSUPPORTED);
	assert_int_equal(check(KDF_ARGON2ID, UINT32_MAX, 100000, 1), CAUSE_UNSUPPORTED);
}

TEST(more_memory_than_there_is_gets_tried)
{
	struct kdf kdf = {.kind = KDF_ARGON2ID, .iterations = 1, .memory_kib = 65536, .lanes = 1};
	struct error err;

	available_kib = 65536 * 16 / 15 + 1;
	assert_int_equal(check(KDF_ARGON2ID, 1, 65536, 1), CAUSE_OK);
	available_kib = 65536;
	assert_int_equal(check(KDF_ARGON2ID, 1, 65536, 1), CAUSE_RESOURCE);
	available_kib = 0;
	assert_int_equal(check(KDF_ARGON2ID, 1, 65536, 1), CAUSE_RESOURCE);
	assert_int_equal(check(KDF_PBKDF2, 1, 65536, 1), CAUSE_OK);
	available_kib = 20 << 10;
	assert_int_equal(kdf_check(&kdf, &limits, &err), CAUSE_RESOURCE);
	assert_non_null(strstr(err.text, "64 MiB"));
	assert_non_null(strstr(err.text, "20 MiB"));
	assert_int_equal(maps.made, 0);
}

TEST(swap_on_disk_is_used_unasked)
{
	struct kdf kdf = {.kind = KDF_ARGON2ID, .iterations = 1, .memory_kib = 65536, .lanes = 1};
	struct kdf_limits allowing = limits;
	struct error err;

	available_kib = 20 << 10;
	disk_swap = 1 << 20;
	allowing.disk_swap = true;
	assert_int_equal(kdf_check(&kdf, &limits, &err), CAUSE_RESOURCE);
	assert_int_equal(kdf_check(&kdf, &allowing, &err), CAUSE_OK);
	disk_swap = 0;
	assert_int_equal(kdf_check(&kdf, &allowing, &err), CAUSE_RESOURCE);
}

static const struct kdf one_mib = {.kind = KDF_ARGON2ID,
	.iterations = 1,
	.memory_kib = 1024,
	.lanes = 1,
	.salt_bytes = 16};

TEST(the_matrix_reaches_the_disk_unsaid)
{
	uint8_t out[32];

	disk_swap = 1 << 20;
	locked = 0;
	assert_int_equal(argon2_derive(&one_mib, (struct bytes){"", 0}, out, sizeof(out), NULL), CAUSE_OK);
	assert_true(locked >= 1024 << 10);
	assert_false(argon2_could_swap());
	cannot_lock = true;
	disk_swap = 0;
	assert_int_equal(argon2_derive(&one_mib, (struct bytes){"", 0}, out, sizeof(out), NULL), CAUSE_OK);
	assert_false(argon2_could_swap());
	disk_swap = 1;
	assert_int_equal(argon2_derive(&one_mib, (struct bytes){"", 0}, out, sizeof(out), NULL), CAUSE_OK);
	assert_true(argon2_could_swap());
}

/* Locked, it would be the end of what has to swap. */
TEST(a_matrix_that_has_to_swap_is_locked)
{
	uint8_t out[32];

	cannot_lock = false;
	available_kib = 1000;
	locked = 0;
	assert_int_equal(argon2_derive(&one_mib, (struct bytes){"", 0}, out, sizeof(out), NULL), CAUSE_OK);
	assert_int_equal(locked, 0);
}

TEST(what_cryptsetup_creates_is_over_the_default_limits)
{
	struct kdf kdf = {.kind = KDF_ARGON2ID, .iterations = 4, .memory_kib = 1 << 20, .lanes = 4};
	struct error err;

	assert_int_equal(kdf_check(&kdf, &kdf_default_limits, &err), CAUSE_OK);
	kdf.memory_kib = 4 << 20; /* cryptsetup's own limit */
	assert_int_equal(kdf_check(&kdf, &kdf_default_limits, &err), CAUSE_OK);
	kdf.lanes = 5;
	assert_int_equal(kdf_check(&kdf, &kdf_default_limits, &err), CAUSE_UNSUPPORTED);
	kdf = (struct kdf){.kind = KDF_PBKDF2, .iterations = 20000000};
	assert_int_equal(kdf_check(&kdf, &kdf_default_limits, &err), CAUSE_OK);
}

/* --- derivations on it -------------------------------------------------------------------------- */

static struct kdf small(uint32_t lanes)
{
	struct kdf kdf = {.kind = KDF_ARGON2ID,
		.iterations = 1,
		.memory_kib = 100,
		.lanes = lanes,
		.salt_bytes = 32};

	unit_fill(SEED_SALT, kdf.salt, sizeof(kdf.salt));
	return kdf;
}

static enum cause derive(uint32_t lanes, uint8_t *out, struct error *err)
{
	struct kdf kdf = small(lanes);

	return kdf_derive(&kdf, (struct bytes){"secret", 6}, out, 64, err);
}

TEST(the_key_depends_on_the_number_of_processors)
{
	uint8_t want[64], got[64];
	struct error err;

	for (uint32_t lanes = 1; lanes <= 6; lanes++) {
		processors = 1;
		assert_int_equal(derive(lanes, want, &err), CAUSE_OK);
		assert_int_equal(threads.calls, 0);
		for (processors = 2; processors <= 5; processors++) {
			assert_int_equal(derive(lanes, got, &err), CAUSE_OK);
			assert_memory_equal(got, want, sizeof(want));
		}
		assert_int_equal(threads.calls > 0, lanes > 1);
		threads.calls = 0;
	}
}

TEST(the_matrix_is_given_back_with_keys_in_it_or_not_at_all)
{
	uint8_t out[64];
	struct error err;

	for (uint32_t lanes = 1; lanes <= 3; lanes++)
		for (processors = 1; processors <= 3; processors++)
			assert_int_equal(derive(lanes, out, &err), CAUSE_OK);
	assert_int_equal(maps.made, 9);
	assert_int_equal(maps.returned, 9);
	assert_int_equal(maps.dirty, 0);
}

TEST(memory_that_cannot_be_had_is_a_bug_or_a_wrong_passphrase)
{
	uint8_t out[64];
	struct error err;

	maps.fail = true;
	assert_int_equal(derive(1, out, &err), CAUSE_RESOURCE);
	assert_int_equal(err.cause, CAUSE_RESOURCE);
	assert_string_equal(err.text, "cannot allocate 1 MiB of memory for argon2id");
	assert_int_equal(maps.returned, 0);
	maps.fail = false;
	assert_int_equal(derive(1, out, &err), CAUSE_OK);
}

void reference_initial_hash(uint8_t *h0, argon2_context *ctx, argon2_type type);

static void derive_only(void *arg)
{
	struct kdf kdf = small(1);
	uint8_t out[64];

	*(enum cause *)arg = argon2_derive(&kdf, (struct bytes){"secret", 6}, out, sizeof(out), NULL);
}

/* Without wipe_stack, and without what comes after and might overwrite it by chance. */
TEST(memory_that_cannot_be_had_leaves_h0)
{
	struct kdf kdf = small(1);
	argon2_context inputs = {.outlen = 64,
		.pwd = (uint8_t *)(uintptr_t) "secret",
		.pwdlen = 6,
		.salt = kdf.salt,
		.saltlen = kdf.salt_bytes,
		.t_cost = kdf.iterations,
		.m_cost = kdf.memory_kib,
		.lanes = kdf.lanes,
		.version = ARGON2_VERSION_13};
	enum cause cause = CAUSE_OK;
	uint8_t h0[64];

	if (UNIT_SANITIZED)
		SKIP("the sanitizers change the frames: the library's own copies stay where the program's "
		     "wiping does not reach");
	reference_initial_hash(h0, &inputs, Argon2_id);
	maps.fail = true;
	other_stack_call(derive_only, &cause, 0);
	maps.fail = false;
	assert_int_equal(cause, CAUSE_RESOURCE);
	for (size_t i = 0; i < sizeof(h0); i += 8)
		assert_null(memmem(other_stack.base, OTHER_STACK_BYTES, h0 + i, 8));
}

TEST(no_memory_for_threads_ends_the_unlock)
{
	uint8_t want[64], got[64];
	struct error err;

	assert_int_equal(derive(3, want, &err), CAUSE_OK);
	processors = 3;
	maps.fail_others = true;
	assert_int_equal(derive(3, got, &err), CAUSE_OK);
	maps.fail_others = false;
	assert_memory_equal(got, want, sizeof(want));
	assert_int_equal(maps.dirty, 0);
	assert_int_equal(maps.returned, maps.made);
}

/* The number of the thread that is being failed, where the parent can read it. */
static unsigned *failing;

/* In a child, because a thread that is joined twice crashes. 0: all is well. */
static int fail_each_thread(uint32_t lanes, const uint8_t *want)
{
	uint8_t got[64];
	struct error err;

	for (*failing = 1;; ++*failing) {
		memset(&threads, 0, sizeof(threads));
		memset(&maps, 0, sizeof(maps));
		threads.fail_at = *failing;
		if (derive(lanes, got, &err) || memcmp(got, want, sizeof(got)))
			return 2;
		if (maps.dirty)
			return 3;
		if (maps.made != maps.returned)
			return 4;
		if (threads.calls < *failing)
			return maps.made != 1;
	}
}

TEST(a_thread_that_cannot_be_started_ends_the_unlock_or_leaks_the_matrix)
{
	uint8_t want[64];
	struct error err;

	failing =
		real_mmap(NULL, sizeof(*failing), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(failing, MAP_FAILED);
	for (uint32_t lanes = 2; lanes <= 4; lanes++) {
		processors = 1;
		assert_int_equal(derive(lanes, want, &err), CAUSE_OK);
		for (processors = 2; processors <= 3; processors++) {
			pid_t pid = unit_fork();
			int status;

			if (!pid)
				_exit(fail_each_thread(lanes, want));
			assert_int_equal(waitpid(pid, &status, 0), pid);
			if (status)
				fail_msg("status 0x%x: %u lanes, %u processors, thread %u", (unsigned)status,
					lanes, processors, *failing);
			assert_true(*failing > 1);
		}
	}
	munmap(failing, sizeof(*failing));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_limit_is_off_by_one_or_not_looked_at, reset),
		cmocka_unit_test_setup(a_cost_that_overflows_32_bits_is_small, reset),
		cmocka_unit_test_setup(more_memory_than_there_is_gets_tried, reset),
		cmocka_unit_test_setup(swap_on_disk_is_used_unasked, reset),
		cmocka_unit_test_setup(the_matrix_reaches_the_disk_unsaid, reset),
		cmocka_unit_test_setup(a_matrix_that_has_to_swap_is_locked, reset),
		cmocka_unit_test_setup(what_cryptsetup_creates_is_over_the_default_limits, reset),
		cmocka_unit_test_setup(the_key_depends_on_the_number_of_processors, reset),
		cmocka_unit_test_setup(the_matrix_is_given_back_with_keys_in_it_or_not_at_all, reset),
		cmocka_unit_test_setup(memory_that_cannot_be_had_is_a_bug_or_a_wrong_passphrase, reset),
		cmocka_unit_test_setup(memory_that_cannot_be_had_leaves_h0, reset),
		cmocka_unit_test_setup(no_memory_for_threads_ends_the_unlock, reset),
		cmocka_unit_test_setup(a_thread_that_cannot_be_started_ends_the_unlock_or_leaks_the_matrix,
			reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
