/* SPDX-License-Identifier: MIT */
/*
 * Tests of what an unlock leaves in this process: keys are looked for in everything that it can write, after
 * success and after each failure. The unlock runs on a stack of its own, so that looking does not bury what
 * it left there.
 */
#include "arena_fixture.h"
#include "cores.h"
#include "portable_aes.h"
#include "residue_volume.h"
#include "threads.h"
#include "base/machine.h"
#include "keyslot/af.h"
#include "keyslot/search.h"
#include "real_mmap.h"
#include <sys/syscall.h>

/* --- the machine: four processors, and Argon2's matrix is the only mapping of 2 to 9 MiB ----------- */

static bool no_matrix;

uint64_t machine_disk_swap_kib(void)
{
	return 0;
}

bool machine_swaps_to_disk(void)
{
	return false;
}

uint64_t machine_memory_available_kib(void)
{
	return UINT64_MAX;
}

unsigned machine_processors(void)
{
	return 4;
}

void *mmap(void *where, size_t len, int prot, int flags, int fd, off_t off)
{
	if (no_matrix && len >= 2 << 20 && len < 9 << 20) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return real_mmap(where, len, prot, flags, fd, off);
}

static void assert_nothing_left(const char *when)
{
	char report[256];
	size_t hits = residue_scan_self(&made->needles, report, sizeof(report));

	if (hits)
		fail_msg("%s: %zu pieces; the first: %s", when, hits, report);
}

static void make(const struct kdf *kdf)
{
	made_by_child(kdf, 10);
	assert_nothing_left("before");
}

/* --- one unlock ------------------------------------------------------------------------------------- */

struct attempt {
	bool right;
	struct image_device device;
	size_t arena_room; /* 0: all of it */
	enum cause cause;
	bool key_right;
};

/* On the other stack. The passphrase is in the arena, as if a person had typed it. */
static void attempt_run(void *arg)
{
	struct attempt *a = arg;
	struct reader r = image_reader(&a->device);
	struct search s = {.source = {&r, &made->img.luks, kdf_default_limits, NULL},
		.keyslot = SEARCH_ANY_KEYSLOT};
	size_t mark = arena_mark();
	struct volume_key key;
	struct error err;
	uint8_t *passphrase = arena_alloc(PASSPHRASE_BYTES);

	for (int i = 0; i < PASSPHRASE_BYTES; i++)
		passphrase[i] = made->passphrase[a->right][i] ^ MASK;
	if (a->arena_room)
		(void)arena_alloc(ARENA_BYTES - 64 - a->arena_room);
	a->cause = search_run(&s, (struct bytes){passphrase, PASSPHRASE_BYTES}, &key, &err);
	a->key_right = a->cause == CAUSE_OK && key.len == 64;
	for (int i = 0; a->key_right && i < 64; i++)
		a->key_right = key.data[i] == (made->volume_key[i] ^ MASK);
	arena_release(mark);
}

static void assert_leaves_nothing(struct attempt *a, enum cause cause)
{
	a->device.img = &made->img;
	other_stack_call(attempt_run, a, 0x11);
	assert_int_equal(a->cause, cause);
	assert_int_equal(a->key_right, cause == CAUSE_OK);
	assert_nothing_left("after");
}

static const struct kdf pbkdf2 = {.kind = KDF_PBKDF2, .hash = HASH_SHA512, .iterations = 10};
static const struct kdf argon2i = {.kind = KDF_ARGON2I, .iterations = 2, .memory_kib = 64, .lanes = 1};
static const struct kdf argon2id = {.kind = KDF_ARGON2ID, .iterations = 1, .memory_kib = 100, .lanes = 1};
static const struct kdf four_lanes = {.kind = KDF_ARGON2ID, .iterations = 1, .memory_kib = 64, .lanes = 4};

static void right_and_wrong(const void *arg)
{
	struct attempt right = {.right = true}, wrong = {.right = false};

	(void)arg;
	assert_leaves_nothing(&right, CAUSE_OK);
	assert_leaves_nothing(&wrong, CAUSE_PASSPHRASE);
}

/* On each processor that this one can pretend to be. */
static void assert_both(const struct kdf *kdf)
{
	make(kdf);
#ifdef PORTABLE_AES
	right_and_wrong(NULL);
#else
	cores_each(right_and_wrong, NULL);
#endif
}

TEST(pbkdf2_with_sha512_leaves_a_key)
{
	assert_both(&pbkdf2);
}

TEST(pbkdf2_with_sha256_or_sha1_leaves_a_key)
{
	struct kdf kdf = pbkdf2;

	kdf.hash = HASH_SHA256;
	assert_both(&kdf);
	kdf.hash = HASH_SHA1;
	assert_both(&kdf);
}

TEST(argon2i_leaves_a_key)
{
	assert_both(&argon2i);
}

TEST(argon2id_leaves_a_key)
{
	assert_both(&argon2id);
}

TEST(several_threads_leave_a_key)
{
	assert_both(&four_lanes);
	assert_true(threads.calls > 0);
}

TEST(an_area_that_cannot_be_read_leaves_a_key)
{
	struct attempt a = {.right = true, .device = {.fail_from = 1, .fail_to = 1}};

	make(&argon2id);
	assert_leaves_nothing(&a, CAUSE_DEVICE);
}

TEST(a_damaged_area_leaves_a_key)
{
	struct attempt a = {.right = true};

	make(&pbkdf2);
	made->img.bytes[IMAGE_AREAS_OFF + 64 * 3999] ^= 1;
	assert_leaves_nothing(&a, CAUSE_PASSPHRASE);
}

TEST(a_matrix_that_cannot_be_had_leaves_a_key)
{
	struct attempt a = {.right = true};

	make(&argon2id);
	no_matrix = true;
	assert_leaves_nothing(&a, CAUSE_RESOURCE);
	no_matrix = false;
}

TEST(a_thread_that_cannot_be_started_leaves_a_key)
{
	struct attempt a = {.right = true};

	make(&four_lanes);
	for (unsigned nth = 1; nth <= 3; nth++) {
		memset(&threads, 0, sizeof(threads));
		memset(&a.device, 0, sizeof(a.device));
		threads.fail_at = nth;
		assert_leaves_nothing(&a, CAUSE_OK);
		assert_true(threads.calls >= nth);
	}
	memset(&threads, 0, sizeof(threads));
}

TEST(a_full_arena_leaves_a_key)
{
	static const size_t rooms[] = {64, 128, 256, 4096, 200000, 255000};

	make(&pbkdf2);
	for (size_t i = 0; i < COUNT(rooms); i++) {
		struct attempt a = {.right = true, .arena_room = rooms[i]};

		assert_leaves_nothing(&a, CAUSE_RESOURCE);
	}
}

/* --- can these tests fail? ----------------------------------------------------------------------------- */

static uint8_t planted[PASSPHRASE_BYTES + 8];

static void plant(uint8_t *where, bool secret)
{
	for (int i = 0; i < PASSPHRASE_BYTES; i++)
		where[i] = secret ? made->passphrase[1][i] ^ MASK : 0;
}

static void plant_on_the_stack(void *arg)
{
	uint8_t copy[PASSPHRASE_BYTES];

	(void)arg;
	plant(copy, true);
	__asm__ volatile("" : : "r"(copy) : "memory"); /* the copy is needed, for all the compiler knows */
}

static void assert_found(uint8_t *where)
{
	char report[256];

	plant(where, true);
	assert_int_equal(residue_scan_self(&made->needles, report, sizeof(report)), PASSPHRASE_BYTES / 4 - 1);
	assert_non_null(strstr(report, "right passphrase"));
	plant(where, false);
	assert_nothing_left("after planting");
}

TEST(a_planted_secret_is_not_found)
{
	uint8_t on_the_stack[PASSPHRASE_BYTES] = {0}, *heap = calloc(1, 4096), *arena = arena_alloc(1000);
	uint8_t *mapped = residue_shared(1 << 20);
	char report[256];

	make(&pbkdf2);
	assert_found(planted);
	assert_found(planted + 3);
	assert_found(on_the_stack);
	assert_found(heap + 1001);
	assert_found(arena + 512);
	assert_found(mapped + 4090);
	other_stack_call(plant_on_the_stack, NULL, 0x11);
	assert_true(residue_scan_self(&made->needles, report, sizeof(report)) > 0);
	memset(other_stack.base, 0, OTHER_STACK_BYTES);
	free(heap);
	munmap(mapped, 1 << 20);
	arena_release(0);
}

/* Each step of an unlock, done without wiping, has to be seen: else its needles are the wrong ones. */
struct step {
	const char *finds;
	void (*run)(void *);
};

static uint8_t step_key[64];

static void unmask_key(void)
{
	for (int i = 0; i < PASSPHRASE_BYTES; i++)
		step_key[i] = made->passphrase[1][i] ^ MASK;
}

static void step_hmac(void *arg)
{
	br_hmac_key_context kc;

	(void)arg;
	unmask_key();
	br_hmac_key_init(&kc, &br_sha512_vtable, step_key, PASSPHRASE_BYTES);
	memset(step_key, 0, sizeof(step_key));
	__asm__ volatile("" : : "r"(&kc) : "memory");
}

static void step_area_key(void *arg)
{
	const struct luks_keyslot *slot = &made->img.luks.keyslots[0];
	br_aes_ct64_cbcdec_keys round_keys;
	uint8_t area_key[64];
	struct error err;

	(void)arg;
	unmask_key();
	if (kdf_derive(&slot->kdf, (struct bytes){step_key, PASSPHRASE_BYTES}, area_key, sizeof(area_key),
		    &err))
		return;
	memset(step_key, 0, sizeof(step_key));
	br_aes_ct64_cbcdec_init(&round_keys, area_key, 32);
	__asm__ volatile("" : : "r"(&round_keys), "r"(area_key) : "memory");
}

TEST(a_step_without_wiping_is_not_seen)
{
	char report[256];

	make(&pbkdf2);
	other_stack_call(step_hmac, NULL, 0x11);
	assert_in_range(residue_scan_self(&made->needles, report, sizeof(report)), 20, 1000);
	/* 15 windows of the key, and more of the round keys. */
	other_stack_call(step_area_key, NULL, 0x11);
	assert_in_range(residue_scan_self(&made->needles, report, sizeof(report)), 30, 1000);
	memset(other_stack.base, 0, OTHER_STACK_BYTES);
	assert_nothing_left("after the steps");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_planted_secret_is_not_found),
		cmocka_unit_test(a_step_without_wiping_is_not_seen),
		cmocka_unit_test(pbkdf2_with_sha512_leaves_a_key),
		cmocka_unit_test(pbkdf2_with_sha256_or_sha1_leaves_a_key),
		cmocka_unit_test(argon2i_leaves_a_key),
		cmocka_unit_test(argon2id_leaves_a_key),
		cmocka_unit_test(several_threads_leave_a_key),
		cmocka_unit_test(an_area_that_cannot_be_read_leaves_a_key),
		cmocka_unit_test(a_damaged_area_leaves_a_key),
		cmocka_unit_test(a_matrix_that_cannot_be_had_leaves_a_key),
		cmocka_unit_test(a_thread_that_cannot_be_started_leaves_a_key),
		cmocka_unit_test(a_full_arena_leaves_a_key),
	};

	return cmocka_run_group_tests(tests, arena_fixture_start, arena_fixture_end);
}
