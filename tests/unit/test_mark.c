/* SPDX-License-Identifier: MIT */
/*
 * Foreign marks where they are cut off, contradict themselves or the device. Those of real tools, beside
 * blkid:
 * tests/interop/marks.py. */
#include "device/mark.h"
#include "base/bytes.h"
#include "unit.h"

enum { IMAGE = 1 << 20, SUPER_10 = IMAGE - 0x2000 };

static uint8_t image[IMAGE];
static struct mark m;

static bool look_at(size_t size)
{
	struct reader r = reader_memory(image, size, "device");
	unsigned row = 0;

	memset(&m, 'Z', sizeof(m));
	return mark_next(&r, &row, &m);
}

static void put_le32(size_t off, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		image[off + (size_t)i] = (uint8_t)(v >> 8 * i);
}

/* A superblock of version 1 at @off, with the sum that it should have. */
static void put_md_1(size_t off, uint32_t roles)
{
	uint64_t sum = 0;

	memset(image, 0, sizeof(image));
	put_le32(off, 0xa92b4efc);
	put_le32(off + 4, 1);
	put_le32(off + 144, (uint32_t)(off / 512));
	put_le32(off + 220, roles);
	put_le32(off + 192, 0xffffffff);
	for (size_t i = 0; i < 256 + 2 * (size_t)roles; i += 4)
		sum += i + 4 > 256 + 2 * (size_t)roles ? bytes_le16(image + off + i)
		                                       : bytes_le32(image + off + i);
	put_le32(off + 216, (uint32_t)sum + (uint32_t)(sum >> 32));
}

TEST(a_superblock_with_more_roles_than_fit_is_summed_or_one_with_an_odd_number_is_not)
{
	put_md_1(SUPER_10, 2);
	assert_true(look_at(IMAGE));
	assert_string_equal(m.version, "1.0");
	assert_true(m.at_end);
	assert_true(m.off == SUPER_10);
	put_md_1(SUPER_10, 3);
	assert_true(look_at(IMAGE));
	put_md_1(SUPER_10, 1920);
	assert_true(look_at(IMAGE));
	put_md_1(SUPER_10, 1921);
	assert_false(look_at(IMAGE));
	assert_null(m.type);
	put_md_1(SUPER_10, 2);
	put_le32(SUPER_10 + 220, UINT32_MAX);
	assert_false(look_at(IMAGE));
}

TEST(the_end_is_looked_for_where_the_device_would_have_it_with_another_length)
{
	put_md_1(SUPER_10, 2);
	assert_false(look_at(IMAGE - 4096));
	assert_false(look_at(IMAGE - 1));
	memset(image, 0, sizeof(image));
	memcpy(image + IMAGE - 1024, "$XIDE$", 6);
	assert_true(look_at(IMAGE - 1));
	assert_true(look_at(IMAGE - 512));
	assert_false(look_at(IMAGE));
}

TEST(a_device_that_is_too_short_for_a_mark_has_one_or_is_read_beyond_its_end)
{
	put_md_1(4096, 2);
	assert_true(look_at(0x10000));
	for (size_t size = 0; size < 0x10000; size += 509)
		assert_false(look_at(size));
}

TEST(marks_behind_the_first_are_not_told)
{
	struct reader r = reader_memory(image, IMAGE, "device");
	unsigned row = 0;

	put_md_1(SUPER_10, 2);
	memcpy(image + IMAGE - 512, "$XIDE$", 6);
	memcpy(image, "dmvdo001", 8);
	assert_true(mark_next(&r, &row, &m));
	assert_string_equal(m.type, "linux_raid_member");
	assert_true(mark_next(&r, &row, &m));
	assert_string_equal(m.type, "lsi_mega_raid_member");
	assert_true(m.of_disk && m.at_end);
	assert_true(mark_next(&r, &row, &m));
	assert_string_equal(m.type, "vdo");
	assert_false(m.of_disk || m.at_end);
	assert_false(mark_next(&r, &row, &m));
	assert_null(m.type);
}

static struct {
	uint64_t begin, end; /* of what cannot be read */
	unsigned reads, failed;
} bad;

static enum cause partly_read(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	(void)ctx;
	bad.reads++;
	if (off < bad.end && off + len > bad.begin) {
		bad.failed++;
		return error_set(err, CAUSE_DEVICE, "cannot be read");
	}
	memcpy(buf, image + off, len);
	return CAUSE_OK;
}

static struct reader partly(uint64_t begin, uint64_t end)
{
	bad.begin = begin;
	bad.end = end;
	bad.reads = bad.failed = 0;
	return (struct reader){partly_read, NULL, IMAGE, "device"};
}

TEST(a_place_that_cannot_be_read_hides_the_marks_elsewhere)
{
	struct reader r = partly(IMAGE / 2, IMAGE);
	unsigned row = 0;

	put_md_1(4096, 2);
	assert_true(mark_next(&r, &row, &m));
	assert_string_equal(m.version, "1.2");
}

TEST(a_failing_end_is_read_again_and_again)
{
	struct reader r = partly(IMAGE / 2, IMAGE);
	unsigned row = 0;

	memset(image, 0, sizeof(image));
	assert_false(mark_next(&r, &row, &m));
	assert_true(bad.failed > 0 && bad.failed <= 3);
}

TEST(one_bad_sector_hides_the_marks_beside_it)
{
	for (uint64_t sector = 1; sector < 258; sector++) {
		struct reader r = partly(IMAGE - sector * 512, IMAGE - sector * 512 + 512);
		unsigned row = 0;

		put_md_1(SUPER_10, 2);
		assert_true(mark_next(&r, &row, &m) == (sector != 16));
	}
}

TEST(a_device_without_marks_takes_many_reads)
{
	struct reader r = partly(0, 0);
	unsigned row = 0;

	memset(image, 0, sizeof(image));
	assert_false(mark_next(&r, &row, &m));
	assert_true(bad.reads <= 2);
}

TEST(noise_has_a_mark)
{
	struct reader r = reader_memory(image, 0x10000, "device");

	for (uint32_t seed = 1; seed < 2000; seed++) {
		unsigned row = 0;

		unit_fill(seed, image, 0x10000);
		assert_false(mark_next(&r, &row, &m));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_superblock_with_more_roles_than_fit_is_summed_or_one_with_an_odd_number_is_not),
		cmocka_unit_test(the_end_is_looked_for_where_the_device_would_have_it_with_another_length),
		cmocka_unit_test(a_device_that_is_too_short_for_a_mark_has_one_or_is_read_beyond_its_end),
		cmocka_unit_test(marks_behind_the_first_are_not_told),
		cmocka_unit_test(a_place_that_cannot_be_read_hides_the_marks_elsewhere),
		cmocka_unit_test(a_failing_end_is_read_again_and_again),
		cmocka_unit_test(one_bad_sector_hides_the_marks_beside_it),
		cmocka_unit_test(a_device_without_marks_takes_many_reads),
		cmocka_unit_test(noise_has_a_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
