/* SPDX-License-Identifier: MIT */
/* What is on a device, where marks disagree or are cut off. Whole filesystems beside blkid:
 * tests/interop/devices.py. */
#include "device/superblock.h"
#include "unit.h"

enum { IMAGE = 1 << 20, SECOND = 0x8000 };

static uint8_t image[IMAGE];
static struct superblock s;

static bool look_at(size_t size)
{
	struct reader r = reader_memory(image, size, "device");

	memset(&s, 'Z', sizeof(s));
	return superblock_read(&r, &s);
}

static void put_luks(size_t off, unsigned version, const char *uuid, const char *label)
{
	memset(image + off, 0, 512);
	memcpy(image + off, off ? "SKUL\xba\xbe" : "LUKS\xba\xbe", 6);
	image[off + 7] = (uint8_t)version;
	strcpy((char *)image + off + 24, label);
	strcpy((char *)image + off + 168, uuid);
	image[off + 262] = (uint8_t)(off >> 8);
	image[off + 261] = (uint8_t)(off >> 16);
}

static void put_ext(void)
{
	memset(image + 1024, 1, 8);
	memset(image + 1024 + 0x18, 0, 4);
	memcpy(image + 1080, "\x53\xef", 2);
	memset(image + 1024 + 0x5c, 0, 12);
	memset(image + 1128, 0xab, 16);
	strcpy((char *)image + 1144, "ext");
}

TEST(the_mark_of_another_format_hides_LUKS)
{
	memset(image, 0, sizeof(image));
	put_ext();
	put_luks(0, 2, "11111111-1111", "volume");
	put_luks(SECOND, 2, "11111111-1111", "volume");
	assert_true(look_at(IMAGE));
	assert_string_equal(s.type, "crypto_LUKS");
	assert_string_equal(s.uuid, "11111111-1111");
	assert_string_equal(s.label, "volume");
	assert_string_equal(s.lost_uuid, "");
}

TEST(an_overwritten_volume_is_forgotten_or_taken_for_whole)
{
	memset(image, 0, sizeof(image));
	put_ext();
	put_luks(SECOND, 2, "11111111-1111", "volume");
	assert_true(look_at(IMAGE));
	assert_string_equal(s.type, "ext2");
	assert_string_equal(s.uuid, "abababab-abab-abab-abab-abababababab");
	assert_string_equal(s.label, "ext");
	assert_string_equal(s.lost_uuid, "11111111-1111");
	assert_string_equal(s.lost_label, "volume");
	memset(image + 1024, 0, 1024);
	assert_true(look_at(IMAGE));
	assert_string_equal(s.type, "crypto_LUKS");
	assert_string_equal(s.uuid, "11111111-1111");
	assert_string_equal(s.label, "volume");
	assert_string_equal(s.lost_uuid, "");
}

TEST(the_second_header_of_a_volume_inside_is_ours)
{
	memset(image, 0, sizeof(image));
	put_luks(SECOND, 2, "11111111-1111", "volume");
	image[SECOND + 262] ^= 0x40;
	assert_false(look_at(IMAGE));
	assert_null(s.type);
	put_luks(SECOND, 1, "11111111-1111", "volume");
	assert_false(look_at(IMAGE));
}

TEST(the_cipher_of_LUKS1_is_a_label)
{
	memset(image, 0, sizeof(image));
	put_luks(0, 1, "11111111-1111", "xts-plain64");
	assert_true(look_at(1024));
	assert_string_equal(s.label, "");
	assert_string_equal(s.uuid, "11111111-1111");
}

TEST(LUKS1_in_its_offline_re_encryption_is_waited_for_without_end)
{
	memset(image, 0, sizeof(image));
	put_luks(0, 1, "11111111-1111", "xts-plain64");
	memcpy(image, "LUKS\xde\xad", 6);
	assert_true(look_at(1024));
	assert_string_equal(s.type, "crypto_LUKS");
	assert_string_equal(s.uuid, "11111111-1111");
}

TEST(a_field_without_an_end_is_read_on)
{
	memset(image, 0, sizeof(image));
	put_luks(0, 2, "", "");
	memset(image + 24, 'L', 48);
	memset(image + 168, '\033', 40);
	assert_true(look_at(IMAGE));
	assert_int_equal(strlen(s.label), 48);
	assert_int_equal(strlen(s.uuid), 40);
	assert_null(strchr(s.uuid, '\033'));
}

/* Without the rest of it a mark is nothing, and nothing is read past the end (see the sanitizers). */
TEST(a_mark_alone_is_a_filesystem)
{
	static const struct {
		size_t off;
		const char *mark;
		size_t len;
	} marks[] = {{0, "XFSB", 4}, {0, "hsqs", 4}, {3, "EXFAT   ", 8}, {1080, "\x53\xef", 2},
		{1024, "\x10\x20\xf5\xf2", 4}, {0x10040, "_BHRfS_M", 8}, {510, "\x55\xaa", 2}};

	for (size_t i = 0; i < COUNT(marks); i++) {
		memset(image, 0, sizeof(image));
		memcpy(image + marks[i].off, marks[i].mark, marks[i].len);
		assert_false(look_at(IMAGE));
		assert_null(s.type);
		assert_string_equal(s.uuid, "");
		assert_string_equal(s.label, "");
		for (size_t size = 0; size < 8; size++)
			(void)look_at(marks[i].off + size);
	}
}

TEST(bytes_of_one_value_are_a_filesystem)
{
	for (int value = 0; value < 256; value++) {
		memset(image, value, sizeof(image));
		assert_false(look_at(IMAGE));
	}
}

/* --- a device with bad sectors --- */

static unsigned reads, bad_below;

static enum cause read_bad(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	(void)ctx;
	reads++;
	if (off < bad_below)
		return error_set(err, CAUSE_DEVICE, "bad");
	memcpy(buf, image + off, len);
	return CAUSE_OK;
}

TEST(a_bad_first_sector_hides_a_volume)
{
	struct reader r = {read_bad, NULL, IMAGE, "device"};

	memset(image, 0, sizeof(image));
	put_luks(SECOND, 2, "11111111-1111", "volume");
	bad_below = 512;
	assert_true(superblock_read(&r, &s));
	assert_string_equal(s.type, "crypto_LUKS");
}

/* Each failing read of a dying disk can take half a minute. */
TEST(a_dead_device_is_asked_again_and_again)
{
	struct reader r = {read_bad, NULL, IMAGE, "device"};

	bad_below = UINT32_MAX;
	reads = 0;
	assert_false(superblock_read(&r, &s));
	assert_true(reads <= 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mark_of_another_format_hides_LUKS),
		cmocka_unit_test(an_overwritten_volume_is_forgotten_or_taken_for_whole),
		cmocka_unit_test(the_second_header_of_a_volume_inside_is_ours),
		cmocka_unit_test(the_cipher_of_LUKS1_is_a_label),
		cmocka_unit_test(LUKS1_in_its_offline_re_encryption_is_waited_for_without_end),
		cmocka_unit_test(a_field_without_an_end_is_read_on),
		cmocka_unit_test(a_mark_alone_is_a_filesystem),
		cmocka_unit_test(bytes_of_one_value_are_a_filesystem),
		cmocka_unit_test(a_bad_first_sector_hides_a_volume),
		cmocka_unit_test(a_dead_device_is_asked_again_and_again),
	};

	return cmocka_run_group_tests_name("superblock", tests, NULL, NULL);
}
