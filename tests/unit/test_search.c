/* SPDX-License-Identifier: MIT */
/* Tests of keyslot/search: which keyslots are tried, in which order, and what is said at the end. */
#include "arena_fixture.h"
#include "image.h"
#include "base/machine.h"
#include "keyslot/search.h"

static uint64_t available_kib = UINT64_MAX;

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
	return available_kib;
}

static unsigned processors = 1;

unsigned machine_processors(void)
{
	return processors;
}

static struct image img;
static struct image_device device;
static struct volume_key key;
static struct error err;
static struct {
	unsigned count;
	struct error all[LUKS_KEYSLOTS_MAX];
} skipped;

static void remember(const struct error *why)
{
	assert_true(skipped.count < LUKS_KEYSLOTS_MAX);
	skipped.all[skipped.count++] = *why;
}

static struct luks_keyslot *add(unsigned id, enum luks_priority priority, const char *passphrase)
{
	struct image_keyslot want = {.id = id, .priority = priority, .passphrase = passphrase};

	return image_add(&img, &want);
}

static enum cause run_with(int keyslot, const struct kdf_limits *limits, const char *passphrase)
{
	struct reader r = image_reader(&device);
	struct search s = {.source = {&r, &img.luks, *limits, NULL}, .keyslot = keyslot, .skipped = remember};

	memset(&key, 0, sizeof(key));
	memset(&err, 0, sizeof(err));
	skipped.count = 0;
	device.reads = 0;
	return search_run(&s, (struct bytes){passphrase, strlen(passphrase)}, &key, &err);
}

static enum cause check_with(int keyslot, const struct kdf_limits *limits)
{
	struct reader r = image_reader(&device);
	struct search s = {.source = {&r, &img.luks, *limits, NULL}, .keyslot = keyslot, .skipped = remember};

	memset(&err, 0, sizeof(err));
	skipped.count = 0;
	device.reads = 0;
	return search_check(&s, &err);
}

static void assert_opens(int keyslot, const char *passphrase, unsigned by)
{
	size_t mark = arena_mark();

	assert_int_equal(run_with(keyslot, &kdf_default_limits, passphrase), CAUSE_OK);
	assert_int_equal(key.keyslot, by);
	assert_int_equal(key.digest_id, 3);
	assert_int_equal(key.len, 32);
	assert_memory_equal(key.data, img.volume_key, 32);
	assert_int_equal(arena_mark(), mark + 64);
	arena_release(mark);
}

static void assert_fails(enum cause cause, int keyslot, const char *passphrase)
{
	size_t mark = arena_mark(), n = 512 << 10;
	uint8_t *rest;

	assert_int_equal(run_with(keyslot, &kdf_default_limits, passphrase), cause);
	assert_int_equal(err.cause, cause);
	assert_memory_equal(err.text, "image: ", 7);
	assert_int_equal(arena_mark(), mark);
	rest = arena_alloc(n);
	assert_int_equal(unit_others(rest, 0, n), 0);
	arena_release(mark);
}

/*
 * The areas were read in this order; @ids ends with -1. After a wrong passphrase they are read once more, to
 * see whether they look overwritten.
 */
static void assert_order(const int *ids)
{
	unsigned n = 0, times = err.cause == CAUSE_PASSPHRASE ? 2 : 1;

	while (ids[n] >= 0)
		n++;
	assert_int_equal(device.reads, n * times);
	for (unsigned i = 0; i < n * times; i++)
		assert_int_equal(device.offs[i],
			luks_find_keyslot(&img.luks, (unsigned)ids[i % n])->area_off);
}

#define ORDER(...) assert_order((const int[]){__VA_ARGS__, -1})

TEST(keyslots_are_tried_in_another_order)
{
	(void)add(4, LUKS_PRIORITY_NORMAL, "four");
	(void)add(9, LUKS_PRIORITY_PREFER, "nine");
	(void)add(1, LUKS_PRIORITY_IGNORE, "one");
	(void)add(0, LUKS_PRIORITY_NORMAL, "zero");
	(void)add(2, LUKS_PRIORITY_PREFER, "two");
	assert_fails(CAUSE_PASSPHRASE, SEARCH_ANY_KEYSLOT, "nobody's");
	ORDER(9, 2, 4, 0);
	assert_non_null(strstr(err.text, "(4 tried)"));
	assert_int_equal(skipped.count, 0);
}

TEST(success_does_not_end_the_search)
{
	(void)add(0, LUKS_PRIORITY_NORMAL, "same");
	(void)add(1, LUKS_PRIORITY_NORMAL, "second");
	(void)add(2, LUKS_PRIORITY_PREFER, "same");
	assert_opens(SEARCH_ANY_KEYSLOT, "same", 2);
	ORDER(2);
	assert_opens(SEARCH_ANY_KEYSLOT, "second", 1);
	ORDER(2, 0, 1);
}

TEST(a_slot_to_be_ignored_is_tried_or_cannot_be_named)
{
	(void)add(0, LUKS_PRIORITY_NORMAL, "zero");
	(void)add(5, LUKS_PRIORITY_IGNORE, "five");
	assert_fails(CAUSE_PASSPHRASE, SEARCH_ANY_KEYSLOT, "five");
	ORDER(0);
	assert_opens(5, "five", 5);
	ORDER(5);
}

TEST(another_slot_than_the_named_one_is_tried)
{
	(void)add(3, LUKS_PRIORITY_NORMAL, "three");
	(void)add(0, LUKS_PRIORITY_PREFER, "zero");
	assert_fails(CAUSE_PASSPHRASE, 0, "three");
	ORDER(0);
	assert_opens(3, "three", 3);
	ORDER(3);
}

TEST(a_slot_that_is_not_there_is_a_wrong_passphrase)
{
	(void)add(0, LUKS_PRIORITY_NORMAL, "zero");
	assert_fails(CAUSE_USAGE, 1, "zero");
	assert_non_null(strstr(err.text, "no keyslot 1"));
	assert_fails(CAUSE_USAGE, 31, "zero");
	assert_int_equal(check_with(1, &kdf_default_limits), CAUSE_USAGE);
	assert_int_equal(device.reads, 0);
}

TEST(a_slot_with_another_key_gives_the_volume_key)
{
	struct image_keyslot other = {.id = 1,
		.priority = LUKS_PRIORITY_PREFER,
		.passphrase = "other",
		.digest = 1};
	struct image_keyslot none = {.id = 2,
		.priority = LUKS_PRIORITY_PREFER,
		.passphrase = "none",
		.digest = -1};

	(void)image_add(&img, &other);
	(void)image_add(&img, &none);
	(void)add(6, LUKS_PRIORITY_NORMAL, "six");
	assert_fails(CAUSE_PASSPHRASE, SEARCH_ANY_KEYSLOT, "other");
	ORDER(6);
	assert_opens(SEARCH_ANY_KEYSLOT, "six", 6);
	assert_fails(CAUSE_USAGE, 1, "other");
	assert_non_null(strstr(err.text, "no key of this volume"));
	assert_fails(CAUSE_USAGE, 2, "none");
	assert_int_equal(device.reads, 0);
}

TEST(a_header_without_slots_is_a_wrong_passphrase)
{
	struct image_keyslot other = {.id = 1,
		.priority = LUKS_PRIORITY_NORMAL,
		.passphrase = "other",
		.digest = 1};

	assert_fails(CAUSE_UNSUPPORTED, SEARCH_ANY_KEYSLOT, "p");
	assert_non_null(strstr(err.text, "no passphrase can open it"));
	assert_int_equal(check_with(SEARCH_ANY_KEYSLOT, &kdf_default_limits), CAUSE_UNSUPPORTED);
	(void)image_add(&img, &other);
	assert_fails(CAUSE_UNSUPPORTED, SEARCH_ANY_KEYSLOT, "other");
	(void)add(0, LUKS_PRIORITY_IGNORE, "p");
	assert_fails(CAUSE_USAGE, SEARCH_ANY_KEYSLOT, "p");
	assert_non_null(strstr(err.text, "--key-slot"));
	assert_int_equal(check_with(SEARCH_ANY_KEYSLOT, &kdf_default_limits), CAUSE_USAGE);
	assert_int_equal(check_with(0, &kdf_default_limits), CAUSE_OK);
}

TEST(a_slot_that_cannot_be_used_hides_a_good_one)
{
	static const enum cause causes[] = {CAUSE_UNSUPPORTED, CAUSE_DAMAGED, CAUSE_RESOURCE};
	struct luks_keyslot *bad = add(0, LUKS_PRIORITY_PREFER, "bad");

	(void)add(1, LUKS_PRIORITY_NORMAL, "good");
	for (size_t i = 0; i < COUNT(causes); i++) {
		bad->verdict = (struct luks_verdict){.cause = causes[i], .why = "is of no use"};
		assert_opens(SEARCH_ANY_KEYSLOT, "good", 1);
		ORDER(1);
		assert_int_equal(skipped.count, 1);
		assert_int_equal(skipped.all[0].cause, causes[i]);
		assert_string_equal(skipped.all[0].text, "keyslot 0 is of no use");
		assert_int_equal(check_with(SEARCH_ANY_KEYSLOT, &kdf_default_limits), CAUSE_OK);
		assert_int_equal(skipped.count, 1);
		/* The right passphrase of the bad one: a good one was computed, so it is called wrong. */
		assert_fails(CAUSE_PASSPHRASE, SEARCH_ANY_KEYSLOT, "bad");
		assert_non_null(strstr(err.text, "1 tried, 1 skipped"));
		assert_non_null(strstr(err.text, "keyslot 0 is of no use"));
		/* Alone, it says what it is. */
		assert_fails(causes[i], 0, "bad");
		assert_null(strstr(err.text, "passphrase"));
		assert_int_equal(check_with(0, &kdf_default_limits), causes[i]);
	}
}

TEST(an_unreadable_area_hides_a_good_slot)
{
	(void)add(0, LUKS_PRIORITY_NORMAL, "zero");
	(void)add(1, LUKS_PRIORITY_NORMAL, "one");
	device.fail_from = device.fail_to = 1;
	assert_opens(SEARCH_ANY_KEYSLOT, "one", 1);
	assert_int_equal(skipped.count, 1);
	assert_int_equal(skipped.all[0].cause, CAUSE_DEVICE);
	assert_non_null(strstr(skipped.all[0].text, "keyslot 0"));
	/* Whose passphrase it was cannot be known; what was not tried is said. */
	assert_fails(CAUSE_PASSPHRASE, SEARCH_ANY_KEYSLOT, "zero");
	assert_non_null(strstr(err.text, "1 tried, 1 skipped: keyslot 0: image: cannot be read"));
}

TEST(an_unreadable_area_is_a_wrong_passphrase)
{
	(void)add(0, LUKS_PRIORITY_NORMAL, "zero");
	(void)add(1, LUKS_PRIORITY_NORMAL, "one");
	device.fail_from = 1;
	device.fail_to = 2;
	assert_fails(CAUSE_DEVICE, SEARCH_ANY_KEYSLOT, "zero");
	assert_null(strstr(err.text, "passphrase"));
	assert_int_equal(skipped.count, 2);
	assert_fails(CAUSE_DEVICE, 1, "one");
	device.fail_from = device.fail_to = 0;
	assert_opens(SEARCH_ANY_KEYSLOT, "zero", 0);
}

/* Each read fails once; the slot that it belongs to is skipped, and nothing else changes. */
TEST(the_nth_read_that_fails_is_not_a_device_error_or_leaks)
{
	static const char *const passphrases[] = {"zero", "one", "two"};

	for (unsigned i = 0; i < 3; i++)
		(void)add(i, LUKS_PRIORITY_NORMAL, passphrases[i]);
	for (unsigned slot = 0; slot < 3; slot++) {
		unsigned nth = 1;

		for (;; nth++) {
			device.fail_from = device.fail_to = nth;
			if (run_with((int)slot, &kdf_default_limits, passphrases[slot]) == CAUSE_OK)
				break;
			assert_fails(CAUSE_DEVICE, (int)slot, passphrases[slot]);
		}
		assert_int_equal(nth, 2);
		arena_release(0);
		for (nth = 1; nth <= 3; nth++) {
			device.fail_from = device.fail_to = nth;
			if (nth == slot + 1)
				assert_fails(CAUSE_PASSPHRASE, SEARCH_ANY_KEYSLOT, passphrases[slot]);
			else
				assert_opens(SEARCH_ANY_KEYSLOT, passphrases[slot], slot);
			assert_int_equal(skipped.count, nth <= slot + 1);
		}
	}
}

TEST(an_overwritten_area_is_only_a_wrong_passphrase)
{
	struct luks_keyslot *zero = add(0, LUKS_PRIORITY_NORMAL, "zero"),
			    *one = add(1, LUKS_PRIORITY_NORMAL, "one");

	memset(img.bytes + zero->area_off + 1024, 0, 4096);
	assert_fails(CAUSE_PASSPHRASE, SEARCH_ANY_KEYSLOT, "zero");
	assert_non_null(strstr(err.text,
		"; the area of keyslot 0 looks overwritten: zeroes from byte 33792 on (8 of 250"));
	assert_null(strstr(err.text, "keyslot 1"));
	/* Not said of a slot that was not tried, nor when another one opens. */
	assert_fails(CAUSE_PASSPHRASE, 1, "zero");
	assert_null(strstr(err.text, "overwritten"));
	assert_opens(SEARCH_ANY_KEYSLOT, "one", 1);
	memset(img.bytes + one->area_off, 0xff, 512);
	assert_fails(CAUSE_PASSPHRASE, SEARCH_ANY_KEYSLOT, "zero");
	assert_non_null(strstr(err.text, "the area of keyslot 0 looks overwritten"));
	assert_non_null(strstr(err.text, "the area of keyslot 1 looks overwritten: one byte repeated"));
	zero->verdict = (struct luks_verdict){.cause = CAUSE_UNSUPPORTED, .why = "is odd"};
	assert_fails(CAUSE_PASSPHRASE, SEARCH_ANY_KEYSLOT, "zero");
	assert_null(strstr(err.text, "area of keyslot 0"));
	assert_non_null(strstr(err.text, "the area of keyslot 1 looks overwritten: one byte repeated"));
}

TEST(a_slot_that_needs_too_much_memory_hides_a_good_one)
{
	struct image_keyslot big = {.id = 0,
		.priority = LUKS_PRIORITY_PREFER,
		.passphrase = "big",
		.kdf = {.kind = KDF_ARGON2ID, .iterations = 1, .memory_kib = 2048, .lanes = 1}};
	struct kdf_limits limits = kdf_default_limits;
	size_t mark = arena_mark();

	(void)image_add(&img, &big);
	(void)add(1, LUKS_PRIORITY_NORMAL, "small");
	limits.memory_kib = 2047;
	assert_int_equal(run_with(SEARCH_ANY_KEYSLOT, &limits, "small"), CAUSE_OK);
	arena_release(mark);
	assert_int_equal(key.keyslot, 1);
	assert_int_equal(skipped.all[0].cause, CAUSE_UNSUPPORTED);
	assert_int_equal(run_with(0, &limits, "big"), CAUSE_UNSUPPORTED);
	assert_int_equal(check_with(0, &limits), CAUSE_UNSUPPORTED);
	available_kib = 1024;
	assert_opens(SEARCH_ANY_KEYSLOT, "small", 1);
	assert_int_equal(skipped.all[0].cause, CAUSE_RESOURCE);
	assert_fails(CAUSE_RESOURCE, 0, "big");
	assert_int_equal(device.reads, 0);
	assert_fails(CAUSE_PASSPHRASE, SEARCH_ANY_KEYSLOT, "big");
	assert_non_null(strstr(err.text, "1 tried, 1 skipped: keyslot 0: needs 2 MiB"));
	available_kib = UINT64_MAX;
	assert_opens(SEARCH_ANY_KEYSLOT, "big", 0);
	assert_opens(0, "big", 0);
}

TEST(a_weaker_reason_is_given)
{
	static const enum cause by_strength[] = {CAUSE_UNSUPPORTED, CAUSE_DAMAGED, CAUSE_DEVICE,
		CAUSE_RESOURCE, CAUSE_BUG};
	struct luks_keyslot *a = add(0, LUKS_PRIORITY_NORMAL, "a"), *b = add(1, LUKS_PRIORITY_NORMAL, "b");

	for (size_t weak = 0; weak < COUNT(by_strength); weak++)
		for (size_t strong = weak + 1; strong < COUNT(by_strength); strong++)
			for (int turn = 0; turn < 2; turn++) {
				struct luks_verdict w = {.cause = by_strength[weak], .why = "is weak"};
				struct luks_verdict s = {.cause = by_strength[strong], .why = "is strong"};

				a->verdict = turn ? w : s;
				b->verdict = turn ? s : w;
				assert_fails(by_strength[strong], SEARCH_ANY_KEYSLOT, "a");
				assert_non_null(strstr(err.text, "is strong"));
				assert_int_equal(skipped.count, 2);
				assert_int_equal(check_with(SEARCH_ANY_KEYSLOT, &kdf_default_limits),
					by_strength[strong]);
				assert_int_equal(skipped.count, 2);
			}
}

TEST(the_last_of_32_slots_is_forgotten)
{
	for (unsigned i = 0; i < LUKS_KEYSLOTS_MAX - 1; i++)
		img.luks.keyslots[img.luks.keyslot_count++] = (struct luks_keyslot){.id = i + 1,
			.priority = LUKS_PRIORITY_NORMAL,
			.verdict = {.cause = CAUSE_UNSUPPORTED, .why = "is of another kind"}};
	(void)add(0, LUKS_PRIORITY_NORMAL, "last");
	assert_int_equal(img.luks.keyslot_count, LUKS_KEYSLOTS_MAX);
	assert_opens(SEARCH_ANY_KEYSLOT, "last", 0);
	assert_int_equal(skipped.count, LUKS_KEYSLOTS_MAX - 1);
	for (unsigned i = 0; i < LUKS_KEYSLOTS_MAX; i++)
		img.luks.keyslots[i].verdict.cause = CAUSE_DAMAGED;
	assert_fails(CAUSE_DAMAGED, SEARCH_ANY_KEYSLOT, "last");
	assert_int_equal(skipped.count, LUKS_KEYSLOTS_MAX);
}

TEST(a_slot_that_opens_waits_for_its_neighbours)
{
	struct kdf_limits limits = kdf_default_limits;

	(void)add(0, LUKS_PRIORITY_NORMAL, "zero");
	(void)add(1, LUKS_PRIORITY_NORMAL, "one");
	/* A quarter of an hour on a fast machine: the runner's patience would end first. */
	add(2, LUKS_PRIORITY_NORMAL, "two")->kdf.iterations = UINT32_MAX;
	limits.pbkdf2_iterations = UINT32_MAX;
	assert_int_equal(run_with(SEARCH_ANY_KEYSLOT, &limits, "one"), CAUSE_OK);
	assert_int_equal(key.keyslot, 1);
	ORDER(0, 1);
}

TEST(nobody_to_tell_of_skipped_slots_crashes)
{
	struct reader r = image_reader(&device);
	struct search s = {.source = {&r, &img.luks, kdf_default_limits, NULL},
		.keyslot = SEARCH_ANY_KEYSLOT,
		.skipped = NULL};

	add(0, LUKS_PRIORITY_NORMAL, "p")->verdict.cause = CAUSE_DAMAGED;
	assert_int_equal(search_check(&s, &err), CAUSE_DAMAGED);
	assert_int_equal(search_run(&s, (struct bytes){"p", 1}, &key, &err), CAUSE_DAMAGED);
}

TEST(the_check_before_the_prompt_reads_or_allocates)
{
	size_t mark = arena_mark();

	(void)add(0, LUKS_PRIORITY_NORMAL, "zero");
	device.fail_from = 1;
	device.fail_to = 99;
	assert_int_equal(check_with(SEARCH_ANY_KEYSLOT, &kdf_default_limits), CAUSE_OK);
	assert_int_equal(device.reads, 0);
	assert_int_equal(arena_mark(), mark);
	assert_int_equal(skipped.count, 0);
}

static int start(void **state)
{
	processors = *state ? *(unsigned *)*state : 1;
	image_start(&img, 32);
	memset(&device, 0, sizeof(device));
	device.img = &img;
	available_kib = UINT64_MAX;
	return arena_fixture_start(state);
}

int main(void)
{
/* And once more with keyslots side by side: nothing of what comes out may differ. */
#define SEARCH_TEST(name)                                                                                    \
	cmocka_unit_test_setup_teardown(name, start, arena_fixture_end),                                     \
	{                                                                                                    \
#name "_side_by_side", name, start, arena_fixture_end, &three                                \
	}
	static unsigned three = 3;
	static const struct CMUnitTest tests[] = {
		SEARCH_TEST(keyslots_are_tried_in_another_order),
		SEARCH_TEST(success_does_not_end_the_search),
		SEARCH_TEST(a_slot_to_be_ignored_is_tried_or_cannot_be_named),
		SEARCH_TEST(another_slot_than_the_named_one_is_tried),
		SEARCH_TEST(a_slot_that_is_not_there_is_a_wrong_passphrase),
		SEARCH_TEST(a_slot_with_another_key_gives_the_volume_key),
		SEARCH_TEST(a_header_without_slots_is_a_wrong_passphrase),
		SEARCH_TEST(a_slot_that_cannot_be_used_hides_a_good_one),
		SEARCH_TEST(an_unreadable_area_hides_a_good_slot),
		SEARCH_TEST(an_unreadable_area_is_a_wrong_passphrase),
		SEARCH_TEST(the_nth_read_that_fails_is_not_a_device_error_or_leaks),
		SEARCH_TEST(an_overwritten_area_is_only_a_wrong_passphrase),
		SEARCH_TEST(a_slot_that_needs_too_much_memory_hides_a_good_one),
		SEARCH_TEST(a_weaker_reason_is_given),
		SEARCH_TEST(the_last_of_32_slots_is_forgotten),
		SEARCH_TEST(a_slot_that_opens_waits_for_its_neighbours),
		SEARCH_TEST(nobody_to_tell_of_skipped_slots_crashes),
		SEARCH_TEST(the_check_before_the_prompt_reads_or_allocates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
