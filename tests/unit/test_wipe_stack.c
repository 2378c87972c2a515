/* SPDX-License-Identifier: MIT */
/*
 * How deep each path of the crypto code uses the stack, measured on a painted one: wipe_stack must reach
 * further. The frames between keyslot_open, which calls it, and the functions that are called here are the
 * margin.
 */
#include "arena_fixture.h"
#include "cores.h"
#include "image.h"
#include "memory.h"
#include "portable_aes.h"
#include "base/machine.h"
#include "keyslot/af.h"
#include "keyslot/digest.h"
#include "keyslot/keyslot.h"
#include "secret/wipe.h"

enum { MARGIN_BYTES = 2048, PAINT = 0xc5 };

static unsigned processors = 1;

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
	return processors;
}

static uint8_t data[64 * 4000], key[64], out[64];
static struct kdf kdf;
static struct luks_digest digest;
static struct image img;

static void run_wipe(void *arg)
{
	(void)arg;
	wipe_stack();
}

static void run_kdf(void *arg)
{
	struct error err;

	*(enum cause *)arg = kdf_derive(&kdf, (struct bytes){key, sizeof(key)}, out, sizeof(out), &err);
}

static void run_cipher(void *arg)
{
	const enum cipher *c = arg;

	cipher_decrypt(*c, key, *c == CIPHER_AES_XTS_PLAIN64 ? 64 : 32, data, 8);
}

static void run_af(void *arg)
{
	af_merge(*(enum hash *)arg, data, sizeof(key), out);
}

static void run_digest(void *arg)
{
	(void)arg;
	(void)digest_matches(&digest, (struct bytes){key, sizeof(key)});
}

static void run_keyslot(void *arg)
{
	static struct image_device device = {.img = &img};
	struct reader r = image_reader(&device);
	struct keyslot_source source = {&r, &img.luks, kdf_default_limits, NULL};
	struct volume_key found;
	struct error err;
	size_t mark = arena_mark();

	*(enum cause *)arg = keyslot_open(&source, &img.luks.keyslots[0],
		&(struct keyslot_secret){{"p", 1}, NULL}, &found, &err);
	arena_release(mark);
}

static size_t depth_of(void (*run)(void *), void *arg)
{
	other_stack_call(run, arg, PAINT);
	return other_stack_depth(PAINT);
}

/* The deepest path so far of the test that runs. */
static struct {
	size_t used;
	char what[64];
} deepest;

static void assert_reached(const char *what, const char *how, void (*run)(void *), void *arg)
{
	size_t wiped = depth_of(run_wipe, NULL), used = depth_of(run, arg);

	assert_true(used > 64);
	if (used + MARGIN_BYTES > wiped)
		fail_msg("%s (%s) uses %zu bytes of stack, %zu are wiped", what, how, used, wiped);
	if (used > deepest.used) {
		deepest.used = used;
		snprintf(deepest.what, sizeof(deepest.what), "%s (%s)", what, how);
	}
}

static void tell_deepest(void)
{
	print_message("# the deepest: %s, %zu bytes\n", deepest.what, deepest.used);
	deepest.used = 0;
}

#define NEEDS_OUR_FRAMES()                                                                                   \
	if (UNIT_SANITIZED)                                                                                  \
	SKIP("the sanitizers make every frame larger")

static void pbkdf2_reached(const void *arg)
{
	enum cause cause;

	(void)arg;
	kdf = (struct kdf){.kind = KDF_PBKDF2, .iterations = 3, .salt_bytes = 32};
	for (int h = 0; h < HASH_COUNT; h++) {
		kdf.hash = (enum hash)h;
		assert_reached(hash_name(kdf.hash), kdf_implementation(&kdf), run_kdf, &cause);
		assert_int_equal(cause, CAUSE_OK);
	}
}

TEST(pbkdf2_goes_deeper_than_the_wipe)
{
	NEEDS_OUR_FRAMES();
	cores_each(pbkdf2_reached, NULL);
	tell_deepest();
}

static void argon2_reached(const void *arg)
{
	enum cause cause;

	(void)arg;
	for (int kind = KDF_ARGON2I; kind <= KDF_ARGON2ID; kind++)
		for (processors = 1; processors <= 2; processors++) {
			kdf = (struct kdf){.kind = (enum kdf_kind)kind,
				.iterations = 2,
				.memory_kib = 64,
				.lanes = 2,
				.salt_bytes = 32};
			assert_reached(kdf_name(kdf.kind), kdf_implementation(&kdf), run_kdf, &cause);
			assert_int_equal(cause, CAUSE_OK);
		}
	processors = 1;
}

TEST(argon2_goes_deeper_than_the_wipe)
{
	NEEDS_OUR_FRAMES();
	cores_each(argon2_reached, NULL);
	tell_deepest();
}

TEST(aes_goes_deeper_than_the_wipe)
{
	NEEDS_OUR_FRAMES();
#ifdef PORTABLE_AES
	assert_reached("portable AES", "64 bits", run_cipher, &(enum cipher){CIPHER_AES_XTS_PLAIN64});
	offered_dec = &br_aes_ct_cbcdec_vtable;
	offered_enc = &br_aes_ct_cbcenc_vtable;
	assert_reached("portable AES", "32 bits", run_cipher, &(enum cipher){CIPHER_AES_XTS_PLAIN64});
	offered_dec = NULL;
	offered_enc = NULL;
#endif
	assert_reached("AES-XTS", "", run_cipher, &(enum cipher){CIPHER_AES_XTS_PLAIN64});
	assert_reached("AES-CBC", "", run_cipher, &(enum cipher){CIPHER_AES_CBC_PLAIN64});
	assert_reached("AES-CBC with ESSIV", "", run_cipher, &(enum cipher){CIPHER_AES_CBC_ESSIV_SHA256});
	tell_deepest();
}

static void af_and_digest_reached(const void *arg)
{
	(void)arg;
	for (int h = 0; h < HASH_COUNT; h++) {
		assert_reached("AF", hash_implementation((enum hash)h), run_af, &(enum hash){(enum hash)h});
		digest = (struct luks_digest){.hash = (enum hash)h, .iterations = 2, .value_bytes = 20};
		assert_reached("digest", hash_implementation((enum hash)h), run_digest, NULL);
	}
}

TEST(af_or_the_digest_goes_deeper_than_the_wipe)
{
	NEEDS_OUR_FRAMES();
	cores_each(af_and_digest_reached, NULL);
	tell_deepest();
}

/* All of it together ends with the wipe: nothing may have been deeper than that. */
TEST(a_keyslot_goes_deeper_than_the_wipe)
{
	struct image_keyslot want = {.passphrase = "p",
		.key_bytes = 64,
		.area_key_bytes = 64,
		.kdf = {.kind = KDF_ARGON2ID, .iterations = 1, .memory_kib = 64, .lanes = 2}};
	enum cause cause = CAUSE_BUG;
	size_t wiped, used;

	NEEDS_OUR_FRAMES();
	image_start(&img, 64);
	(void)image_add(&img, &want);
	wiped = depth_of(run_wipe, NULL);
	used = depth_of(run_keyslot, &cause);
	assert_int_equal(cause, CAUSE_OK);
	print_message("# a whole keyslot: %zu bytes, %zu of them before the wipe\n", used, used - wiped);
	assert_in_range(used, wiped, wiped + MARGIN_BYTES);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pbkdf2_goes_deeper_than_the_wipe),
		cmocka_unit_test(argon2_goes_deeper_than_the_wipe),
		cmocka_unit_test(aes_goes_deeper_than_the_wipe),
		cmocka_unit_test(af_or_the_digest_goes_deeper_than_the_wipe),
		cmocka_unit_test(a_keyslot_goes_deeper_than_the_wipe),
	};

	return cmocka_run_group_tests(tests, arena_fixture_start, arena_fixture_end);
}
