/* SPDX-License-Identifier: MIT */
/* Tests of keyslot/area: telling what was overwritten from what only looks random. */
#include "arena_fixture.h"
#include "image.h"
#include "memory.h"
#include "keyslot/area.h"

enum { SECTOR = 512, SECTORS = 500 };

static uint8_t area[SECTORS * SECTOR];
static struct image img;
static struct error err;

static struct area_look look(void)
{
	return area_look(area, sizeof(area), IMAGE_AREAS_OFF);
}

TEST(an_encrypted_area_looks_overwritten)
{
	for (unsigned id = 0; id < IMAGE_AREAS; id++) {
		struct image_keyslot want = {.id = id,
			.passphrase = "p",
			.key_bytes = 64,
			.area_key_bytes = 64};
		struct area_look l;

		if (!id)
			image_start(&img, 64);
		assert_int_equal(arena_mark(), 0);
		image_add(&img, &want);
		memcpy(area, img.bytes + img.luks.keyslots[id].area_off, sizeof(area));
		l = look();
		assert_int_equal(l.shape, AREA_RANDOM);
		assert_int_equal(l.bad_sectors, 0);
		assert_int_equal(l.sectors, SECTORS);
		assert_null(l.signature);
	}
}

TEST(an_overwritten_sector_looks_random_or_like_something_else)
{
	static const struct {
		const char *content;
		size_t len;
		enum area_shape shape;
	} t[] = {{"\0", 1, AREA_ZEROES}, {"\xff", 1, AREA_REPEATED},
		{"The quick brown fox.\r\n", 22, AREA_TEXT}, {"ext2\0\0\0\1\0\2\0\3", 12, AREA_NOT_RANDOM},
		{"\x80\x81\x82\x83", 4, AREA_NOT_RANDOM}};
	static const size_t sectors[] = {0, 1, 250, SECTORS - 1};

	for (size_t i = 0; i < COUNT(t); i++)
		for (size_t n = 0; n < COUNT(sectors); n++) {
			uint8_t *at = area + sectors[n] * SECTOR;
			struct area_look l;

			unit_fill(31, area, sizeof(area));
			for (size_t k = 0; k < SECTOR; k++)
				at[k] = (uint8_t)t[i].content[k % t[i].len];
			l = look();
			assert_int_equal(l.shape, t[i].shape);
			assert_int_equal(l.bad_sectors, 1);
			assert_int_equal(l.off, IMAGE_AREAS_OFF + sectors[n] * SECTOR);
		}
}

TEST(the_first_of_several_bad_sectors_is_not_the_one_that_is_named)
{
	struct area_look l;

	unit_fill(31, area, sizeof(area));
	memset(area + 300 * SECTOR, 0, 20 * SECTOR);
	memset(area + 100 * SECTOR, 0xff, SECTOR);
	l = look();
	assert_int_equal(l.shape, AREA_REPEATED);
	assert_int_equal(l.off, IMAGE_AREAS_OFF + 100 * SECTOR);
	assert_int_equal(l.bad_sectors, 21);
}

/* Every value of a byte twice, and of one as often as is said. */
static enum area_shape shape_with(unsigned same)
{
	for (size_t i = 0; i < SECTOR; i++)
		area[i] = (uint8_t)i;
	for (unsigned i = 0, have = 2; have < same; i++)
		if (area[i] != 0x77) {
			area[i] = 0x77;
			have++;
		}
	return area_look(area, SECTOR, 0).shape;
}

TEST(the_limit_of_chance_is_off_by_one)
{
	assert_int_equal(shape_with(2), AREA_RANDOM);
	assert_int_equal(shape_with(23), AREA_RANDOM);
	assert_int_equal(shape_with(24), AREA_NOT_RANDOM);
}

TEST(a_filesystem_is_not_named_or_named_by_chance)
{
	static const struct {
		size_t off;
		const char *mark, *name;
	} t[] = {{32769, "CD001", "iso9660"}, {65600, "_BHRfS_M", "btrfs"}, {65588, "ReIsEr2Fs", "reiserfs"}};

	for (size_t i = 0; i < COUNT(t); i++) {
		uint8_t *at = area + t[i].off - IMAGE_AREAS_OFF;

		unit_fill(31, area, sizeof(area));
		memcpy(at, t[i].mark, strlen(t[i].mark));
		assert_null(look().signature);
		memset(area + SECTOR, 0, SECTOR);
		assert_string_equal(look().signature, t[i].name);
		/* At another place on the device it means nothing. */
		assert_null(area_look(area, sizeof(area), IMAGE_AREAS_OFF + SECTOR).signature);
	}
}

TEST(a_rest_shorter_than_a_sector_is_read_beyond)
{
	uint8_t *heap;

	for (size_t len = 0; len < 3 * SECTOR; len += 100) {
		heap = calloc(1, len ? len : 1);
		assert_int_equal(area_look(heap, len, 0).sectors, len / SECTOR);
		free(heap);
	}
}

TEST(other_bytes_than_the_areas_are_examined)
{
	struct image_keyslot want = {.id = 1, .passphrase = "p"};
	struct image_device device = {.img = &img};
	struct reader r = image_reader(&device);
	const struct luks_keyslot *slot;
	struct area_look l;

	image_start(&img, 32);
	slot = image_add(&img, &want);
	memset(img.bytes + slot->area_off - SECTOR, 0, SECTOR);
	memset(img.bytes + slot->area_off + 128000, 0, SECTOR);
	assert_int_equal(area_examine(&r, slot, &l, &err), CAUSE_OK);
	assert_int_equal(l.shape, AREA_RANDOM);
	assert_int_equal(l.sectors, 250);
	assert_int_equal(device.offs[0], slot->area_off);
	assert_int_equal(device.lens[0], 128000);
	memset(img.bytes + slot->area_off + 128000 - SECTOR, 0, SECTOR);
	assert_int_equal(area_examine(&r, slot, &l, &err), CAUSE_OK);
	assert_int_equal(l.shape, AREA_ZEROES);
	assert_int_equal(arena_mark(), 0);
	device.fail_from = device.fail_to = 3;
	assert_int_equal(area_examine(&r, slot, &l, &err), CAUSE_DEVICE);
	assert_int_equal(arena_mark(), 0);
	assert_non_null(arena_alloc(ARENA_BYTES - 1000));
	assert_int_equal(area_examine(&r, slot, &l, &err), CAUSE_RESOURCE);
	arena_release(0);
}

TEST(the_description_has_other_numbers)
{
	static const struct area_look l = {AREA_ZEROES, 32768, 7, 500, NULL},
				      m = {AREA_TEXT, 4096, 1, 2, "btrfs"};
	char text[200], cut[12];

	area_describe(&l, text, sizeof(text));
	assert_string_equal(text, "looks overwritten: zeroes from byte 32768 on (7 of 500 sectors)");
	area_describe(&m, text, sizeof(text));
	assert_string_equal(text, "looks overwritten: text from byte 4096 on (1 of 2 sectors), btrfs");
	area_describe(&l, cut, sizeof(cut));
	assert_int_equal(strlen(cut), sizeof(cut) - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_encrypted_area_looks_overwritten),
		cmocka_unit_test(an_overwritten_sector_looks_random_or_like_something_else),
		cmocka_unit_test(the_first_of_several_bad_sectors_is_not_the_one_that_is_named),
		cmocka_unit_test(the_limit_of_chance_is_off_by_one),
		cmocka_unit_test(a_filesystem_is_not_named_or_named_by_chance),
		cmocka_unit_test(a_rest_shorter_than_a_sector_is_read_beyond),
		cmocka_unit_test(other_bytes_than_the_areas_are_examined),
		cmocka_unit_test(the_description_has_other_numbers),
	};

	return cmocka_run_group_tests(tests, arena_fixture_start, arena_fixture_end);
}
