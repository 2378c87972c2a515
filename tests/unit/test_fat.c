/* SPDX-License-Identifier: MIT */
/* Files on FAT: what damage and malice do. Whole filesystems beside mtools: tests/interop/devices.py. */
#include "device/fat.h"
#include "unit.h"
#include <errno.h>

/* A FAT12 with one FAT of one sector, a root of one sector and one sector a cluster. */
enum {
	SECTOR = 512,
	FAT = SECTOR,
	ROOT = 2 * SECTOR,
	DATA = 3 * SECTOR,
	SECTORS = 40,
	IMAGE = SECTORS * SECTOR
};

static uint8_t image[IMAGE];
static struct reader reader;
static struct fat fat;

static void put16(size_t off, unsigned v)
{
	image[off] = (uint8_t)v;
	image[off + 1] = (uint8_t)(v >> 8);
}

static void new_image(void)
{
	memset(image, 0, sizeof(image));
	put16(11, SECTOR);
	image[13] = 1;
	put16(14, 1);
	image[16] = 1;
	put16(17, SECTOR / 32);
	put16(19, SECTORS);
	image[21] = 0xf8;
	put16(22, 1);
	image[38] = 0x29;
	memcpy(image + 39, "\x78\x56\x34\x12KEYS       FAT12   ", 23);
	put16(510, 0xaa55);
	for (unsigned i = 0; i < SECTORS - 3; i++)
		memset(image + DATA + i * SECTOR, 'A' + (int)i, SECTOR);
}

static void link_cluster(unsigned cluster, unsigned next)
{
	size_t off = FAT + cluster * 3 / 2;
	unsigned old = image[off] | image[off + 1] << 8;

	put16(off, cluster & 1 ? (old & 0xf) | next << 4 : (old & 0xf000) | next);
}

/* An entry in slot @slot of the directory at @dir. */
static uint8_t *entry(size_t dir, unsigned slot, const char *name, unsigned attributes, unsigned cluster,
	unsigned size)
{
	uint8_t *e = image + dir + slot * 32;

	memset(e, 0, 32);
	memcpy(e, name, 11);
	e[11] = (uint8_t)attributes;
	put16(dir + slot * 32 + 26, cluster);
	put16(dir + slot * 32 + 28, size);
	return e;
}

static enum cause find(const char *path, struct fat_file *file)
{
	struct error err = {.os_errno = 0};
	enum cause cause;

	reader = reader_memory(image, sizeof(image), "stick");
	assert_true(fat_open(&reader, &fat));
	cause = fat_find(&fat, path, file, &err);
	if (cause)
		assert_int_equal(err.os_errno, ENOENT);
	return cause;
}

static enum cause read_file(const char *path, uint8_t *buf)
{
	struct fat_file file;
	struct error err;

	assert_int_equal(find(path, &file), CAUSE_OK);
	return fat_read(&fat, &file, buf, file.size_bytes, &err);
}

TEST(a_file_in_scattered_clusters_is_read_in_the_order_of_the_disk)
{
	uint8_t buf[3 * SECTOR];
	struct fat_file file;
	struct error err;

	new_image();
	entry(ROOT, 0, "KEY     BIN", 0x20, 5, 2 * SECTOR + 1);
	link_cluster(5, 3);
	link_cluster(3, 4);
	link_cluster(4, 0xfff);
	assert_int_equal(read_file("key.bin", buf), CAUSE_OK);
	assert_int_equal(buf[0], 'D');
	assert_int_equal(buf[SECTOR], 'B');
	assert_int_equal(buf[2 * SECTOR], 'C');
	/* By pieces, and not further. */
	assert_int_equal(find("KEY.BIN", &file), CAUSE_OK);
	assert_int_equal(fat_read(&fat, &file, buf, SECTOR - 1, &err), CAUSE_OK);
	assert_int_equal(fat_read(&fat, &file, buf, 2, &err), CAUSE_OK);
	assert_memory_equal(buf, "DB", 2);
	assert_int_equal(fat_read(&fat, &file, buf, SECTOR, &err), CAUSE_OK);
	assert_int_equal(buf[SECTOR - 1], 'C');
	assert_int_equal(fat_read(&fat, &file, buf, 1, &err), CAUSE_DAMAGED);
}

static const struct {
	unsigned first, next;
} broken_chains[] = {{0, 0}, {1, 0}, {SECTORS, 0}, {0xfff, 0}, {3, 0}, {3, 1}, {3, 0xff7}, {3, 0xfff},
	{3, SECTORS - 1}};

TEST(a_chain_that_leads_out_of_the_data_is_followed)
{
	uint8_t buf[2 * SECTOR];

	for (size_t i = 0; i < COUNT(broken_chains); i++) {
		new_image();
		entry(ROOT, 0, "KEY     BIN", 0x20, broken_chains[i].first, 2 * SECTOR);
		link_cluster(3, broken_chains[i].next);
		assert_int_equal(read_file("key.bin", buf), CAUSE_DAMAGED);
	}
}

TEST(a_directory_that_loops_is_read_for_ever)
{
	struct fat_file file;

	new_image();
	entry(ROOT, 0, "D          ", 0x10, 3, 0);
	link_cluster(3, 3);
	for (unsigned i = 0; i < SECTOR / 32; i++)
		entry(DATA + SECTOR, i, "OTHER      ", 0x20, 9, 1);
	assert_int_equal(find("d/absent", &file), CAUSE_DEVICE);
}

TEST(a_directory_ends_with_an_error)
{
	struct fat_file file;

	new_image();
	entry(ROOT, 0, "D          ", 0x10, 3, 0);
	link_cluster(3, 0xfff);
	for (unsigned i = 0; i < SECTOR / 32; i++)
		entry(DATA + SECTOR, i, "OTHER      ", 0x20, 9, 1);
	assert_int_equal(find("d/absent", &file), CAUSE_DEVICE);
	assert_int_equal(find("d/other/absent", &file), CAUSE_DEVICE);
	assert_int_equal(find("d/other", &file), CAUSE_OK);
	/* A full root, too. */
	for (unsigned i = 0; i < SECTOR / 32; i++)
		entry(ROOT, i, "OTHER      ", 0x20, 9, 1);
	assert_int_equal(find("absent", &file), CAUSE_DEVICE);
}

TEST(a_deleted_file_or_a_label_is_found)
{
	struct fat_file file;

	new_image();
	entry(ROOT, 0,
		"\xe5"
		"EY     BIN",
		0x20, 5, 1);
	entry(ROOT, 1, "KEY     BIN", 0x08, 5, 1);
	assert_int_equal(find("KEY.BIN", &file), CAUSE_DEVICE);
	entry(ROOT, 3, "KEY     BIN", 0x20, 5, 1); /* behind the end */
	assert_int_equal(find("KEY.BIN", &file), CAUSE_DEVICE);
	entry(ROOT, 2, "KEY     BIN", 0x20, 5, 1);
	assert_int_equal(find("KEY.BIN", &file), CAUSE_OK);
	assert_false(file.is_directory);
}

TEST(a_path_goes_up)
{
	struct fat_file file;

	new_image();
	entry(ROOT, 0, "D          ", 0x10, 3, 0);
	entry(ROOT, 1, "KEY     BIN", 0x20, 5, 1);
	entry(DATA + SECTOR, 0, ".          ", 0x10, 3, 0);
	entry(DATA + SECTOR, 1, "..         ", 0x10, 0, 0);
	entry(DATA + SECTOR, 2, "X          ", 0x20, 5, 1);
	memset(image + DATA + SECTOR + 96, 0, SECTOR - 96);
	assert_int_equal(find("d/../key.bin", &file), CAUSE_DEVICE);
	assert_int_equal(find("d/./x", &file), CAUSE_DEVICE);
	assert_int_equal(find("//d//x", &file), CAUSE_OK);
	assert_int_equal(find("d", &file), CAUSE_OK);
	assert_true(file.is_directory);
	assert_int_equal(find("", &file), CAUSE_OK);
	assert_true(file.is_directory);
}

/* --- long names --- */

static uint8_t short_sum(const char *name)
{
	uint8_t sum = 0;

	for (int i = 0; i < 11; i++)
		sum = (uint8_t)((sum << 7 | sum >> 1) + (uint8_t)name[i]);
	return sum;
}

/* Part @order (with 0x40: the last) of a long name, of 13 letters @c. */
static void part(unsigned slot, unsigned order, char c, uint8_t sum)
{
	static const uint8_t places[13] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
	uint8_t *e = entry(ROOT, slot, "           ", 0x0f, 0, 0);

	memset(e, 0, 11);
	e[0] = (uint8_t)order;
	e[11] = 0x0f;
	e[13] = sum;
	e[28] = e[29] = e[30] = e[31] = 0;
	for (int i = 0; i < 13; i++)
		e[places[i]] = (uint8_t)c;
}

#define THIRTEEN_A "aaaaaaaaaaaaa"
#define THIRTEEN_B "bbbbbbbbbbbbb"

TEST(parts_of_a_long_name_are_joined_in_the_wrong_order)
{
	struct fat_file file;
	uint8_t sum = short_sum("AAAAAA~1   ");

	new_image();
	part(0, 0x42, 'b', sum);
	part(1, 0x01, 'a', sum);
	entry(ROOT, 2, "AAAAAA~1   ", 0x20, 5, 1);
	assert_int_equal(find(THIRTEEN_A THIRTEEN_B, &file), CAUSE_OK);
	assert_int_equal(find("AAAAAAAAAAAAABBBBBBBBBBBBB", &file), CAUSE_OK);
	assert_int_equal(find("aaaaaa~1", &file), CAUSE_OK);
	assert_int_equal(find(THIRTEEN_A, &file), CAUSE_DEVICE);
	assert_int_equal(find(THIRTEEN_B THIRTEEN_A, &file), CAUSE_DEVICE);
}

TEST(a_long_name_without_its_parts_is_believed)
{
	struct fat_file file;
	uint8_t sum = short_sum("AAAAAA~1   ");

	for (int how = 0; how < 6; how++) {
		new_image();
		part(0, how == 0 ? 0x02 : how == 1 ? 0x43 : 0x42, 'b', how == 2 ? sum ^ 1 : sum);
		part(1, how == 3 ? 0x02 : how == 4 ? 0x20 : 0x01, 'a', sum);
		entry(ROOT, 2, how == 5 ? "OTHER      " : "AAAAAA~1   ", 0x20, 5, 1);
		assert_int_equal(find(THIRTEEN_A THIRTEEN_B, &file), CAUSE_DEVICE);
		assert_int_equal(find(how == 5 ? "other" : "aaaaaa~1", &file), CAUSE_OK);
	}
	/* A part of another name among them. */
	new_image();
	part(0, 0x42, 'b', sum);
	part(1, 0x01, 'a', sum ^ 1);
	entry(ROOT, 2, "AAAAAA~1   ", 0x20, 5, 1);
	assert_int_equal(find(THIRTEEN_A THIRTEEN_B, &file), CAUSE_DEVICE);
	/* The name of a label at what follows it. */
	new_image();
	part(0, 0x41, 'c', sum);
	entry(ROOT, 1, "AAAAAA~1   ", 0x08, 5, 1);
	entry(ROOT, 2, "AAAAAA~1   ", 0x20, 6, 1);
	assert_int_equal(find("ccccccccccccc", &file), CAUSE_DEVICE);
	/* Too many parts. */
	new_image();
	part(0, 0x40 | 21, 'b', sum);
	part(1, 0x41, 'c', sum);
	entry(ROOT, 2, "AAAAAA~1   ", 0x20, 5, 1);
	assert_int_equal(find("ccccccccccccc", &file), CAUSE_OK);
}

/* --- the boot sector --- */

TEST(a_label_with_its_blanks_is_another_label)
{
	char label[12];

	new_image();
	reader = reader_memory(image, sizeof(image), "stick");
	assert_true(fat_open(&reader, &fat));
	assert_int_equal(fat.bits, 12);
	assert_int_equal(fat.clusters, SECTORS - 3);
	assert_int_equal(fat.serial, 0x12345678);
	assert_string_equal(fat.label, "KEYS");
	assert_false(fat_root_label(&fat, label));
	part(0, 0x41, 'a', 0);
	entry(ROOT, 1, "A FOLDER   ", 0x10, 3, 0);
	entry(ROOT, 2, "TWO WORDS  ", 0x08, 0, 0);
	assert_true(fat_root_label(&fat, label));
	assert_string_equal(label, "TWO WORDS");
	image[ROOT + 2 * 32] = 0xe5;
	assert_false(fat_root_label(&fat, label));
	memcpy(image + 43, "NO NAME    ", 11);
	assert_true(fat_open(&reader, &fat));
	assert_string_equal(fat.label, "");
	image[38] = 0;
	assert_true(fat_open(&reader, &fat));
	assert_int_equal(fat.serial, 0);
}

static const struct {
	uint8_t off, value;
} wrong[] = {{11, 1}, {12, 0}, {12, 0x20}, {13, 0}, {13, 3}, {14, 0}, {16, 0}, {17, 0}, {19, 3}, {21, 0xf7},
	{21, 0}, {14, 40}};

TEST(a_boot_sector_with_a_wrong_number_is_a_filesystem)
{
	reader = reader_memory(image, sizeof(image), "stick");
	for (size_t i = 0; i < COUNT(wrong); i++) {
		new_image();
		image[wrong[i].off] = wrong[i].value;
		if (fat_open(&reader, &fat))
			fail_msg("byte %u as %u is accepted", wrong[i].off, wrong[i].value);
	}
}

/* The widths go by the number of clusters alone. */
TEST(the_width_of_the_FAT_is_guessed)
{
	reader = reader_memory(image, sizeof(image), "stick");
	for (unsigned clusters = 4080; clusters < 4090; clusters++) {
		new_image();
		put16(22, 100);
		put16(19, clusters + 102);
		assert_true(fat_open(&reader, &fat));
		assert_int_equal(fat.clusters, clusters);
		assert_int_equal(fat.bits, clusters < 4085 ? 12 : 16);
	}
	/* A FAT that is too short for its clusters has only those that it can name. */
	new_image();
	put16(19, 500);
	assert_true(fat_open(&reader, &fat));
	assert_int_equal(fat.clusters, 512 * 8 / 12 - 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_in_scattered_clusters_is_read_in_the_order_of_the_disk),
		cmocka_unit_test(a_chain_that_leads_out_of_the_data_is_followed),
		cmocka_unit_test(a_directory_that_loops_is_read_for_ever),
		cmocka_unit_test(a_directory_ends_with_an_error),
		cmocka_unit_test(a_deleted_file_or_a_label_is_found),
		cmocka_unit_test(a_path_goes_up),
		cmocka_unit_test(parts_of_a_long_name_are_joined_in_the_wrong_order),
		cmocka_unit_test(a_long_name_without_its_parts_is_believed),
		cmocka_unit_test(a_label_with_its_blanks_is_another_label),
		cmocka_unit_test(a_boot_sector_with_a_wrong_number_is_a_filesystem),
		cmocka_unit_test(the_width_of_the_FAT_is_guessed),
	};

	return cmocka_run_group_tests_name("fat", tests, NULL, NULL);
}
