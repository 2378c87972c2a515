/* SPDX-License-Identifier: MIT */
/* Tests of keyslot/keyslot: one secret, one keyslot, in memory. */
#include "arena_fixture.h"
#include "image.h"
#include "memory.h"
#include "keyslot/keyslot.h"
#include "real_mmap.h"
#include <sys/syscall.h>

/* Argon2's matrix is the only mapping of 2 MiB and more. */
static unsigned matrices;
static bool no_matrix;

void *mmap(void *where, size_t len, int prot, int flags, int fd, off_t off)
{
	if (len >= 2 << 20 && len < ARENA_BYTES) {
		matrices++;
		if (no_matrix) {
			errno = ENOMEM;
			return MAP_FAILED;
		}
	}
	return real_mmap(where, len, prot, flags, fd, off);
}

static struct image img;
static struct image_device device;
static struct volume_key key;
static struct error err;
static const struct foreign_cipher *foreign; /* what stands for the kernel */

static enum cause open_with(const struct luks_keyslot *slot, const char *passphrase)
{
	struct reader r = image_reader(&device);
	struct keyslot_source source = {&r, &img.luks, kdf_default_limits, foreign};

	memset(&key, 0, sizeof(key));
	return keyslot_open(&source, slot, &(struct keyslot_secret){{passphrase, strlen(passphrase)}, NULL},
		&key, &err);
}

/* Fail unless the arena is at @mark and has only zeroes above, as far as one keyslot gets. */
static void assert_clean(size_t mark)
{
	size_t n = 512 << 10;
	uint8_t *rest;

	assert_int_equal(arena_mark(), mark);
	rest = arena_alloc(n);
	assert_non_null(rest);
	assert_int_equal(unit_others(rest, 0, n), 0);
	arena_release(mark);
}

static void assert_opens(const struct luks_keyslot *slot, const char *passphrase)
{
	size_t mark = arena_mark();

	assert_int_equal(open_with(slot, passphrase), CAUSE_OK);
	assert_int_equal(key.len, slot->key_bytes);
	assert_int_equal(key.keyslot, slot->id);
	assert_int_equal(key.digest_id, img.luks.digests[slot->digest].id);
	assert_memory_equal(key.data, img.volume_key, key.len);
	assert_clean(mark + (slot->key_bytes + 63) / 64 * 64);
	arena_release(mark);
}

static void assert_fails(enum cause cause, const struct luks_keyslot *slot, const char *passphrase)
{
	size_t mark = arena_mark();
	char where[32];

	assert_int_equal(open_with(slot, passphrase), cause);
	assert_int_equal(err.cause, cause);
	snprintf(where, sizeof(where), "keyslot %u: ", slot->id);
	assert_memory_equal(err.text, where, strlen(where));
	assert_null(key.data);
	assert_clean(mark);
}

TEST(the_right_passphrase_does_not_open_a_pbkdf2_slot)
{
	static const enum hash hashes[] = {HASH_SHA1, HASH_SHA256, HASH_SHA512};
	static const uint32_t sizes[] = {32, 48, 64};

	for (size_t k = 0; k < COUNT(sizes); k++)
		for (size_t h = 0; h < COUNT(hashes); h++) {
			struct image_keyslot want = {.id = 7,
				.passphrase = "sesame",
				.af_hash = hashes[h],
				.kdf = {.hash = hashes[COUNT(hashes) - 1 - h], .iterations = 5},
				.key_bytes = sizes[k],
				.area_key_bytes = sizes[h]};
			const struct luks_keyslot *slot;

			image_start(&img, sizes[k]);
			slot = image_add(&img, &want);
			assert_opens(slot, "sesame");
			assert_fails(CAUSE_PASSPHRASE, slot, "Sesame");
			assert_fails(CAUSE_PASSPHRASE, slot, "sesame ");
			assert_fails(CAUSE_PASSPHRASE, slot, "");
		}
}

TEST(the_right_passphrase_does_not_open_an_argon2_slot)
{
	for (int i = 0; i < 4; i++) {
		struct image_keyslot want = {.id = 0,
			.passphrase = "sesame",
			.af_hash = HASH_SHA256,
			.kdf = {.kind = i & 1 ? KDF_ARGON2ID : KDF_ARGON2I,
				.iterations = 2,
				.memory_kib = 64,
				.lanes = i & 2 ? 3 : 1},
			.key_bytes = 64,
			.area_key_bytes = 64};
		const struct luks_keyslot *slot;

		image_start(&img, 64);
		slot = image_add(&img, &want);
		assert_opens(slot, "sesame");
		assert_fails(CAUSE_PASSPHRASE, slot, "sesamf");
	}
}

TEST(more_or_less_than_the_split_key_is_read)
{
	static const struct {
		uint32_t key_bytes, used;
	} t[] = {{16, 64000}, {24, 96256}, {32, 128000}, {64, 256000}};

	for (size_t i = 0; i < COUNT(t); i++) {
		struct image_keyslot want = {.passphrase = "p", .key_bytes = t[i].key_bytes};

		image_start(&img, t[i].key_bytes);
		(void)image_add(&img, &want);
		memset(&device, 0, sizeof(device));
		device.img = &img;
		assert_opens(&img.luks.keyslots[0], "p");
		assert_int_equal(device.reads, 1);
		assert_int_equal(device.offs[0], IMAGE_AREAS_OFF);
		assert_int_equal(device.lens[0], t[i].used);
	}
}

TEST(a_flipped_bit_in_the_area_opens)
{
	struct image_keyslot want = {.passphrase = "p", .key_bytes = 24};
	const struct luks_keyslot *slot;

	image_start(&img, 24);
	slot = image_add(&img, &want);
	for (size_t at = 0; at < 96000; at += 31973) {
		img.bytes[slot->area_off + at] ^= 1;
		assert_fails(CAUSE_PASSPHRASE, slot, "p");
		img.bytes[slot->area_off + at] ^= 1;
	}
	/* What fills the last sector belongs to no key. */
	img.bytes[slot->area_off + 96000] ^= 1;
	img.bytes[slot->area_off + 96255] ^= 1;
	assert_opens(slot, "p");
}

TEST(another_digest_is_asked)
{
	struct image_keyslot want = {.passphrase = "p", .digest = 1};
	const struct luks_keyslot *slot;
	size_t mark = arena_mark();

	image_start(&img, 32);
	slot = image_add(&img, &want);
	assert_int_equal(open_with(slot, "p"), CAUSE_OK);
	assert_int_equal(key.digest_id, 5);
	assert_memory_equal(key.data, img.other_key, 32);
	arena_release(mark);
	img.luks.keyslots[0].digest = 0;
	assert_fails(CAUSE_PASSPHRASE, slot, "p");
}

TEST(an_unreadable_area_is_a_wrong_passphrase)
{
	struct image_keyslot want = {.id = 9,
		.passphrase = "p",
		.kdf = {.kind = KDF_ARGON2ID, .iterations = 1, .memory_kib = 32, .lanes = 1}};
	const struct luks_keyslot *slot;

	image_start(&img, 32);
	slot = image_add(&img, &want);
	memset(&device, 0, sizeof(device));
	device.img = &img;
	matrices = 0;
	for (unsigned nth = 1; nth < 4; nth++) {
		device.reads = 0;
		device.fail_from = device.fail_to = nth;
		if (device.fail_from > 1) {
			assert_opens(slot, "p");
			assert_int_equal(device.reads, 1);
			break;
		}
		assert_fails(CAUSE_DEVICE, slot, "p");
		assert_int_equal(err.os_errno, EIO);
		/* Known before the expensive part, not after it. */
		assert_int_equal(matrices, 0);
	}
	device.fail_from = device.fail_to = 0;
}

TEST(an_area_beyond_the_device_is_a_wrong_passphrase)
{
	struct image_keyslot want = {.id = 2, .passphrase = "p"};
	struct reader r = image_reader(&device);
	struct keyslot_source source = {&r, &img.luks, kdf_default_limits, NULL};
	const struct luks_keyslot *slot;
	size_t mark = arena_mark();

	image_start(&img, 32);
	slot = image_add(&img, &want);
	r.size_bytes = slot->area_off + 128000 - 1;
	assert_int_equal(keyslot_open(&source, slot, &(struct keyslot_secret){{"p", 1}, NULL}, &key, &err),
		CAUSE_DEVICE);
	assert_non_null(strstr(err.text, "keyslot 2"));
	assert_clean(mark);
	r.size_bytes++;
	assert_int_equal(keyslot_open(&source, slot, &(struct keyslot_secret){{"p", 1}, NULL}, &key, &err),
		CAUSE_OK);
	arena_release(mark);
}

TEST(a_matrix_that_cannot_be_had_is_a_wrong_passphrase)
{
	struct image_keyslot want = {.id = 30,
		.passphrase = "p",
		.kdf = {.kind = KDF_ARGON2I, .iterations = 1, .memory_kib = 32, .lanes = 1}};
	const struct luks_keyslot *slot;

	image_start(&img, 32);
	slot = image_add(&img, &want);
	no_matrix = true;
	assert_fails(CAUSE_RESOURCE, slot, "p");
	no_matrix = false;
	assert_opens(slot, "p");
}

TEST(a_full_arena_is_a_wrong_passphrase_or_leaks)
{
	struct image_keyslot want = {.id = 1, .passphrase = "p"};
	const struct luks_keyslot *slot;
	unsigned failures = 0;
	size_t base = arena_mark();

	image_start(&img, 32);
	slot = image_add(&img, &want);
	for (size_t room = 64; room < 200000; room += room < 1024 ? 64 : 20000) {
		size_t mark;

		assert_non_null(arena_alloc(ARENA_BYTES - room));
		mark = arena_mark();
		if (open_with(slot, "p") == CAUSE_OK) {
			assert_true(failures > 10);
			break;
		}
		assert_int_equal(err.cause, CAUSE_RESOURCE);
		assert_int_equal(arena_mark(), mark);
		failures++;
		arena_release(base);
	}
	assert_memory_equal(key.data, img.volume_key, 32);
	arena_release(base);
}

/* The kernel, for whose ciphers we have no code: all of them are AES here. */
struct kernel {
	enum cause fails;
	unsigned calls;
	enum cipher cipher;
	size_t key_bytes, out_bytes;
	uint64_t area_off;
};

static enum cause kernel_decrypt(void *ctx, const struct area_crypt *a, struct error *e)
{
	struct kernel *k = ctx;

	k->calls++;
	k->cipher = a->cipher;
	k->key_bytes = a->key.len;
	k->area_off = a->off;
	k->out_bytes = a->bytes;
	if (k->fails) {
		memset(a->out, 0xdd, a->bytes / 2);
		return error_set(e, k->fails, "no such cipher");
	}
	memcpy(a->out, img.bytes + a->off, a->bytes);
	cipher_decrypt(CIPHER_AES_XTS_PLAIN64, a->key.data, a->key.len, a->out, a->bytes / 512);
	return CAUSE_OK;
}

TEST(an_area_for_the_kernel_is_decrypted_here_or_the_other_way_round)
{
	struct image_keyslot want = {.id = 8, .passphrase = "p", .area_key_bytes = 64};
	struct kernel kernel = {.fails = CAUSE_OK};
	struct foreign_cipher through_kernel = {kernel_decrypt, &kernel};
	struct luks_keyslot *slot;

	image_start(&img, 32);
	slot = image_add(&img, &want);
	foreign = &through_kernel;
	assert_opens(slot, "p");
	assert_int_equal(kernel.calls, 0);
	slot->area_cipher = CIPHER_SERPENT_XTS_PLAIN64;
	assert_opens(slot, "p");
	assert_int_equal(kernel.calls, 1);
	assert_int_equal(kernel.cipher, CIPHER_SERPENT_XTS_PLAIN64);
	assert_int_equal(kernel.key_bytes, 64);
	assert_int_equal(kernel.area_off, slot->area_off);
	assert_int_equal(kernel.out_bytes, 128000);
	assert_fails(CAUSE_PASSPHRASE, slot, "q");
	kernel.fails = CAUSE_KERNEL;
	assert_fails(CAUSE_KERNEL, slot, "p");
	assert_non_null(strstr(err.text, "no such cipher"));
	/* An area that cannot be read costs neither a derivation nor the kernel's time. */
	kernel.calls = 0;
	device.reads = 0;
	device.fail_from = device.fail_to = 1;
	assert_fails(CAUSE_DEVICE, slot, "p");
	assert_int_equal(kernel.calls, 0);
	foreign = NULL;
}

static void assert_check(enum cause cause, const struct luks_keyslot *slot, const struct kdf_limits *limits)
{
	struct keyslot_source source = {NULL, &img.luks, *limits, NULL};

	memset(&err, 0, sizeof(err));
	assert_int_equal(keyslot_check(&source, slot, &err), cause);
	if (cause) {
		assert_int_equal(err.cause, cause);
		assert_memory_equal(err.text, "keyslot 4", 9);
	}
}

TEST(a_slot_that_cannot_be_used_is_tried)
{
	struct image_keyslot want = {.id = 4, .passphrase = "p"};
	struct kdf_limits limits = kdf_default_limits;
	struct luks_keyslot *slot;
	struct luks_digest *digest = &img.luks.digests[0];

	image_start(&img, 32);
	slot = image_add(&img, &want);
	assert_check(CAUSE_OK, slot, &limits);
	slot->verdict = (struct luks_verdict){.cause = CAUSE_UNSUPPORTED, .why = "has an unknown kdf"};
	assert_check(CAUSE_UNSUPPORTED, slot, &limits);
	assert_non_null(strstr(err.text, "has an unknown kdf"));
	slot->verdict.cause = CAUSE_OK;
	digest->verdict = (struct luks_verdict){.cause = CAUSE_DAMAGED, .why = "has a digest without bytes"};
	assert_check(CAUSE_DAMAGED, slot, &limits);
	assert_non_null(strstr(err.text, "has a digest without bytes"));
	digest->verdict.cause = CAUSE_OK;
	slot->kdf.iterations = limits.pbkdf2_iterations + 1;
	assert_check(CAUSE_UNSUPPORTED, slot, &limits);
	limits.pbkdf2_iterations++;
	assert_check(CAUSE_OK, slot, &limits);
	digest->iterations = UINT32_MAX;
	assert_check(CAUSE_UNSUPPORTED, slot, &limits);
	digest->iterations = 1;
	slot->area_cipher = CIPHER_ADIANTUM_XCHACHA12; /* and no kernel to ask */
	assert_check(CAUSE_UNSUPPORTED, slot, &limits);
	assert_non_null(strstr(err.text, "xchacha12,aes-adiantum-plain64"));
	assert_int_equal(device.reads, 0);
}

static int start(void **state)
{
	memset(&device, 0, sizeof(device));
	device.img = &img;
	return arena_fixture_start(state);
}

int main(void)
{
#define KEYSLOT_TEST(name) cmocka_unit_test_setup_teardown(name, start, arena_fixture_end)
	static const struct CMUnitTest tests[] = {
		KEYSLOT_TEST(the_right_passphrase_does_not_open_a_pbkdf2_slot),
		KEYSLOT_TEST(the_right_passphrase_does_not_open_an_argon2_slot),
		KEYSLOT_TEST(more_or_less_than_the_split_key_is_read),
		KEYSLOT_TEST(a_flipped_bit_in_the_area_opens),
		KEYSLOT_TEST(another_digest_is_asked),
		KEYSLOT_TEST(an_unreadable_area_is_a_wrong_passphrase),
		KEYSLOT_TEST(an_area_beyond_the_device_is_a_wrong_passphrase),
		KEYSLOT_TEST(a_matrix_that_cannot_be_had_is_a_wrong_passphrase),
		KEYSLOT_TEST(a_full_arena_is_a_wrong_passphrase_or_leaks),
		KEYSLOT_TEST(a_slot_that_cannot_be_used_is_tried),
		KEYSLOT_TEST(an_area_for_the_kernel_is_decrypted_here_or_the_other_way_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
