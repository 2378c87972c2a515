/* SPDX-License-Identifier: MIT */
/*
 * Ids of partitions, and tables that nobody should believe. Tables of real tools: tests/interop/devices.py.
 */
#include "device/partition.h"
#include "unit.h"

enum { SECTORS = 256, SECTOR = 512 };

static uint8_t disk[SECTORS * SECTOR];
static struct partition p;

static void put(size_t off, unsigned bytes, uint64_t v)
{
	for (; bytes; bytes--, v >>= 8)
		disk[off++] = (uint8_t)v;
}

static uint32_t crc32(const uint8_t *data, size_t len)
{
	uint32_t crc = ~0U;

	for (size_t i = 0; i < len * 8; i++) {
		uint32_t bit = (data[i / 8] >> i % 8 ^ crc) & 1;

		crc = crc >> 1 ^ (bit ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void mbr_entry(size_t sector, unsigned slot, unsigned type, uint32_t start, uint32_t len)
{
	size_t off = sector * SECTOR + 446 + slot * 16;

	put(off + 4, 1, type);
	put(off + 8, 4, start);
	put(off + 12, 4, len);
	put(sector * SECTOR + 510, 2, 0xaa55);
}

static void seal(size_t lba, uint64_t entries, uint32_t count)
{
	size_t h = lba * SECTOR;

	put(h + 88, 4, crc32(disk + entries * SECTOR, count * 128));
	put(h + 16, 4, 0);
	put(h + 16, 4, crc32(disk + h, 92));
}

/* Four entries in one sector; the first two are used. */
static void new_gpt(void)
{
	memset(disk, 0, sizeof(disk));
	mbr_entry(0, 0, 0xee, 1, SECTORS - 1);
	for (int copy = 0; copy < 2; copy++) {
		size_t lba = copy ? SECTORS - 1 : 1, h = lba * SECTOR, entries = copy ? SECTORS - 2 : 2;

		memcpy(disk + h, "EFI PART\0\0\1\0\x5c", 13);
		put(h + 24, 8, lba);
		put(h + 40, 8, 8);
		put(h + 48, 8, SECTORS - 9);
		put(h + 72, 8, entries);
		put(h + 80, 4, 4);
		put(h + 84, 4, 128);
		for (unsigned i = 0; i < 2; i++) {
			size_t e = entries * SECTOR + i * 128;

			memset(disk + e, 0xaf, 16);
			memset(disk + e + 16, 0x11 * (int)(i + 1), 16);
			put(e + 32, 8, i ? 64 : 8);
			put(e + 40, 8, i ? SECTORS - 9 : 63);
			disk[e + 56] = (uint8_t)('a' + i);
		}
		seal(lba, entries, 4);
	}
}

static bool read_at(unsigned number, uint64_t start)
{
	struct reader r = reader_memory(disk, sizeof(disk), "disk");
	struct partition_table t;

	memset(&p, 'Z', sizeof(p));
	if (partition_open(&r, SECTOR, &t))
		return partition_read(&t, number, start, &p);
	*p.uuid = 0;
	return false;
}

static bool exists(unsigned number)
{
	return read_at(number, UINT64_MAX);
}

TEST(a_partition_has_the_id_of_another)
{
	new_gpt();
	assert_true(read_at(2, 64));
	assert_string_equal(p.uuid, "22222222-2222-2222-2222-222222222222");
	assert_string_equal(p.label, "b");
	assert_true(read_at(1, 8));
	assert_string_equal(p.uuid, "11111111-1111-1111-1111-111111111111");
	assert_false(read_at(1, 64));
	assert_false(exists(3));
	assert_false(exists(4));
	assert_false(exists(5));
	assert_false(exists(0));
	assert_string_equal(p.uuid, "");
}

static unsigned reads;

static enum cause count_read(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	const struct reader *r = ctx;

	reads++;
	return reader_read(r, buf, len, off, err);
}

TEST(the_table_is_read_once_for_each_partition)
{
	struct reader memory = reader_memory(disk, sizeof(disk), "disk");
	struct reader r = {count_read, &memory, sizeof(disk), "disk"};
	struct partition_table t;
	unsigned opening;

	new_gpt();
	reads = 0;
	assert_true(partition_open(&r, SECTOR, &t));
	opening = reads;
	assert_true(partition_read(&t, 1, 8, &p) && partition_read(&t, 2, 64, &p));
	assert_int_equal(reads, opening + 2);
}

TEST(a_lost_first_GPT_loses_the_ids)
{
	new_gpt();
	memset(disk + SECTOR, 0, SECTOR);
	assert_true(read_at(2, 64));
	memset(disk + (SECTORS - 1) * SECTOR, 0, SECTOR);
	assert_false(read_at(2, 64));
}

/* Everything has the right checksum: what is wrong is what it says. */
static const struct {
	size_t off;
	unsigned bytes;
	uint64_t value;
	const char *what;
} lies[] = {
	{SECTOR + 12, 4, 91, "a header shorter than its fields"},
	{SECTOR + 12, 4, 513, "a header longer than a sector"},
	{SECTOR + 12, 4, UINT32_MAX, "a header of 4 GiB"},
	{SECTOR + 24, 8, 2, "a header of another place"},
	{SECTOR + 72, 8, SECTORS, "entries behind the disk"},
	{SECTOR + 72, 8, UINT64_MAX, "entries at the end of numbers"},
	{SECTOR + 72, 8, UINT64_MAX / SECTOR + 1, "entries where a product overflows"},
	{SECTOR + 80, 4, UINT32_MAX, "4 billion entries"},
	{SECTOR + 80, 4, 4097, "more entries than anybody has"},
	{SECTOR + 84, 4, 0, "entries without a size"},
	{SECTOR + 84, 4, UINT32_MAX, "entries of 4 GiB"},
	{2 * SECTOR + 32, 8, 7, "a partition over its table"},
	{2 * SECTOR + 32, 8, 64, "a partition of length zero"},
	{2 * SECTOR + 40, 8, SECTORS - 8, "a partition over the second table"},
	{2 * SECTOR + 40, 8, UINT64_MAX, "a partition to the end of numbers"},
};

TEST(a_GPT_that_lies_is_believed)
{
	for (size_t i = 0; i < COUNT(lies); i++) {
		new_gpt();
		memset(disk + (SECTORS - 1) * SECTOR, 0, SECTOR);
		put(lies[i].off, lies[i].bytes, lies[i].value);
		seal(1, 2, 4);
		if (exists(1))
			fail_msg("%s", lies[i].what);
	}
}

TEST(a_changed_GPT_is_believed)
{
	new_gpt();
	memset(disk + (SECTORS - 1) * SECTOR, 0, SECTOR);
	disk[2 * SECTOR + 128 + 16] ^= 1; /* another entry */
	assert_false(exists(1));
	disk[2 * SECTOR + 128 + 16] ^= 1;
	disk[SECTOR + 60] ^= 1;
	assert_false(exists(1));
	disk[SECTOR + 60] ^= 1;
	assert_true(exists(1));
	put(450, 1, 0x83); /* the MBR in front no longer says that there is a GPT */
	assert_false(exists(1));
}

static void new_mbr(void)
{
	memset(disk, 0, sizeof(disk));
	put(440, 4, 0x1a2b3c4d);
	mbr_entry(0, 0, 0x83, 8, 8);
	mbr_entry(0, 1, 0x0f, 32, 100);
	mbr_entry(32, 0, 0x83, 4, 8);
	mbr_entry(32, 1, 0x05, 16, 16);
	mbr_entry(48, 0, 0x83, 4, 8);
	mbr_entry(48, 1, 0x05, 48, 16);
	mbr_entry(80, 0, 0x83, 2, 8);
}

TEST(logical_partitions_are_counted_otherwise_than_the_kernel_does)
{
	new_mbr();
	assert_true(read_at(1, 8));
	assert_string_equal(p.uuid, "1a2b3c4d-01");
	assert_string_equal(p.label, "");
	assert_true(read_at(5, 36));
	assert_string_equal(p.uuid, "1a2b3c4d-05");
	assert_true(read_at(6, 52));
	assert_true(read_at(7, 82));
	assert_false(exists(8));
	assert_false(exists(3));
	assert_false(read_at(6, 36));
	put(440, 4, 0);
	assert_false(exists(1));
}

TEST(a_chain_that_loops_is_followed_for_ever)
{
	new_mbr();
	mbr_entry(48, 1, 0x05, 0, 16);
	assert_false(exists(4000000000U));
	mbr_entry(32, 0, 0, 0, 0);
	mbr_entry(48, 0, 0, 0, 0);
	assert_false(exists(5));
	mbr_entry(32, 1, 0x05, UINT32_MAX, 16);
	assert_false(exists(5));
}

TEST(code_is_taken_for_a_table)
{
	new_mbr();
	disk[446] = 0x80;
	assert_true(exists(1));
	disk[446] = 0x90;
	assert_false(exists(1));
	disk[446] = 0;
	disk[510] = 0;
	assert_false(exists(1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_partition_has_the_id_of_another),
		cmocka_unit_test(the_table_is_read_once_for_each_partition),
		cmocka_unit_test(a_lost_first_GPT_loses_the_ids),
		cmocka_unit_test(a_GPT_that_lies_is_believed),
		cmocka_unit_test(a_changed_GPT_is_believed),
		cmocka_unit_test(logical_partitions_are_counted_otherwise_than_the_kernel_does),
		cmocka_unit_test(a_chain_that_loops_is_followed_for_ever),
		cmocka_unit_test(code_is_taken_for_a_table),
	};

	return cmocka_run_group_tests_name("partition", tests, NULL, NULL);
}
