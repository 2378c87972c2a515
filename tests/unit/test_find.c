/* SPDX-License-Identifier: MIT */
/* A device by its name: /sys and the superblocks, in folders of our own. */
#include "device/find.h"
#include "device/crc32.h"
#include "fake_kernel_dev.h"
#include "header_image.h"
#include "rows.h"

enum { PATH_ROOM = 256 };

static enum cause find(const char *spec, char path[static PATH_ROOM], struct error *err)
{
	memset(path, 'Z', PATH_ROOM);
	memset(err, 0, sizeof(*err));
	return find_device(spec, path, PATH_ROOM, err);
}

static void expect_path(const char *spec, const char *want)
{
	char path[PATH_ROOM];
	struct error err;

	if (find(spec, path, &err))
		fail_msg("%s", err.text);
	assert_string_equal(path, want);
}

static void expect_failure(const char *spec, enum cause cause, const char *piece)
{
	char path[PATH_ROOM];
	struct error err;

	assert_int_equal(find(spec, path, &err), cause);
	if (!strstr(err.text, piece))
		fail_msg("\"%s\" does not say \"%s\"", err.text, piece);
}

/* --- without looking ---------------------------------------------------------------------- */

static void a_path_is_changed(void **state)
{
	(void)state;
	expect_path("/dev/sda1", "/dev/sda1");
	expect_path("relative", "relative");
	expect_path("./UUID=x", "./UUID=x");
	expect_path("/dev/disk/by-path/x", "/dev/disk/by-path/x");
	expect_path("/dev/disk/by-id", "/dev/disk/by-id");
	expect_path("uuid=x", "uuid=x");
	expect_path("", "");
}

static void a_long_path_is_cut(void **state)
{
	char spec[PATH_ROOM + 2];

	(void)state;
	memset(spec, 'p', sizeof(spec));
	spec[PATH_ROOM - 1] = 0;
	expect_path(spec, spec);
	spec[PATH_ROOM - 1] = 'p';
	spec[PATH_ROOM] = 0;
	expect_failure(spec, CAUSE_DEVICE, "too long");
}

static void an_offset_that_is_no_number_is_taken_for_one(void **state)
{
	(void)state;
	expect_failure("PARTUUID=1/PARTNROFF=", CAUSE_USAGE, "names no device");
	expect_failure("PARTUUID=1/PARTNROFF=-1", CAUSE_USAGE, "names no device");
	expect_failure("PARTUUID=1/PARTNROFF=256", CAUSE_USAGE, "names no device");
	expect_failure("PARTUUID=/PARTNROFF=1", CAUSE_USAGE, "names no device");
}

static void an_empty_name_is_looked_for(void **state)
{
	(void)state;
	expect_failure("LABEL=", CAUSE_USAGE, "LABEL=");
	expect_failure("UUID=", CAUSE_USAGE, "UUID=");
	expect_failure("PARTLABEL=\"\"", CAUSE_USAGE, "PARTLABEL=");
	expect_failure("/dev/disk/by-id/", CAUSE_USAGE, "names no device");
}

/* --- a machine with these devices ------------------------------------------------------------ */

#define OTHER_UUID "99999999-0f2c-4c47-9a53-7c1de0c58b21"

/* Fresh folders over the old ones, which nobody sees any more. */
static void no_devices(void)
{
	assert_true(dev_cover("/sys/class/block") && dev_cover("/dev"));
}

/* A device of @size bytes at @data, which the kernel lists as @name. */
static void device(const char *name, const char *path, const uint8_t *data, size_t size)
{
	char sys[128];
	FILE *file;

	snprintf(sys, sizeof(sys), "/sys/class/block/%s", name);
	assert_int_equal(mkdir(sys, 0755), 0);
	strcat(sys, "/holders");
	assert_int_equal(mkdir(sys, 0755), 0);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

static void luks(const char *name, const char *uuid, const char *label)
{
	uint8_t *image = image_new(IMAGE_HDR_MIN, 7, 7);
	char path[64];

	snprintf(path, sizeof(path), "/dev/%s", name);
	for (int copy = 0; copy < 2; copy++) {
		image_put_text(image + copy * IMAGE_HDR_MIN + IMAGE_UUID, 40, uuid);
		image_put_text(image + copy * IMAGE_HDR_MIN + IMAGE_LABEL, 48, label);
	}
	device(name, path, image, 2 * IMAGE_HDR_MIN);
	free(image);
}

static void held(const char *name, const char *by)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/block/%s/holders/%s", name, by);
	dev_write(path, "");
}

static void a_volume_is_not_found(void **state)
{
	(void)state;
	no_devices();
	luks("sda", OTHER_UUID, "data");
	luks("sdb", IMAGE_UUID_TEXT, "root");
	expect_path("UUID=" IMAGE_UUID_TEXT, "/dev/sdb");
	expect_path("LABEL=data", "/dev/sda");
	expect_path("/dev/disk/by-uuid/" IMAGE_UUID_TEXT, "/dev/sdb");
	expect_path("/dev/disk/by-label/root", "/dev/sdb");
}

/* It gets longer, and the mark of a firmware RAID at its end. */
static void mark(const char *name)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/dev/%s", name);
	file = fopen(path, "rb+");
	assert_non_null(file);
	assert_int_equal(fseek(file, (128 << 10) - 512, SEEK_SET), 0);
	assert_int_equal(fwrite("$XIDE$", 1, 6, file), 6);
	assert_int_equal(fseek(file, (128 << 10) - 1, SEEK_SET), 0);
	assert_int_equal(fputc(0, file), 0);
	fclose(file);
}

static void a_member_is_found_or_a_volume_beside_it_is_not(void **state)
{
	char path[PATH_ROOM];
	struct member member;
	struct error err;

	(void)state;
	no_devices();
	luks("sda", IMAGE_UUID_TEXT, "root");
	luks("sdb", IMAGE_UUID_TEXT, "root");
	mark("sda");
	expect_path("UUID=" IMAGE_UUID_TEXT, "/dev/sdb");
	expect_path("/dev/disk/by-label/root", "/dev/sdb");
	mark("sdb");
	expect_failure("UUID=" IMAGE_UUID_TEXT, CAUSE_DEVICE, "the array is not there; /dev/sd");
	expect_failure("LABEL=root", CAUSE_DEVICE, "lsi_mega_raid_member");
	assert_int_equal(find_device_or_member("LABEL=root", path, sizeof(path), &member, &err),
		CAUSE_DEVICE);
	assert_string_equal(member.mark.whole, "array");
	/* Not even when it is held and nothing else is there. */
	held("sda", "md0");
	expect_failure("LABEL=root", CAUSE_DEVICE, "the array is not there");
	luks("md0", IMAGE_UUID_TEXT, "root");
	expect_path("LABEL=root", "/dev/md0");
	assert_int_equal(find_device_or_member("LABEL=root", path, sizeof(path), &member, &err), CAUSE_OK);
	assert_null(member.mark.type);
}

static void a_key_on_a_member_is_not_found(void **state)
{
	char path[PATH_ROOM];
	struct error err;

	(void)state;
	no_devices();
	luks("sda", IMAGE_UUID_TEXT, "root");
	mark("sda");
	assert_int_equal(find_device_or_member("LABEL=root", path, sizeof(path), NULL, &err), CAUSE_OK);
	assert_string_equal(path, "/dev/sda");
	assert_int_equal(find_device_or_member("LABEL=other", path, sizeof(path), NULL, &err), CAUSE_DEVICE);
}

static void the_case_of_a_UUID_matters(void **state)
{
	(void)state;
	no_devices();
	luks("sda", IMAGE_UUID_TEXT, "");
	expect_path("UUID=6D1B3A5E-0F2C-4C47-9A53-7C1DE0C58B21", "/dev/sda");
}

static void the_case_of_a_label_does_not_matter(void **state)
{
	(void)state;
	no_devices();
	luks("sda", IMAGE_UUID_TEXT, "Root");
	expect_failure("LABEL=root", CAUSE_DEVICE, "LABEL=root: no device found");
}

static void a_part_of_a_name_is_enough(void **state)
{
	(void)state;
	no_devices();
	luks("sda", IMAGE_UUID_TEXT, "rootfs");
	expect_failure("LABEL=root", CAUSE_DEVICE, "no device");
	expect_failure("LABEL=rootfs2", CAUSE_DEVICE, "no device");
	expect_failure("UUID=6d1b3a5e", CAUSE_DEVICE, "no device");
	expect_failure("UUID=" IMAGE_UUID_TEXT "0", CAUSE_DEVICE, "no device");
	expect_failure("LABEL=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", CAUSE_DEVICE,
		"no device");
}

static void the_beginning_of_a_number_is_not_enough(void **state)
{
	(void)state;
	no_devices();
	luks("sda", OTHER_UUID, "a*");
	luks("sdb", IMAGE_UUID_TEXT, "root");
	expect_path("UUID=6D1B3a*", "/dev/sdb");
	expect_path("UUID=" IMAGE_UUID_TEXT "*", "/dev/sdb");
	expect_path("LABEL=a*", "/dev/sda");
	expect_failure("LABEL=roo*", CAUSE_DEVICE, "no device");
	expect_failure("UUID=6d1b3b*", CAUSE_DEVICE, "no device");
	expect_failure("UUID=*", CAUSE_DEVICE, "no device");
}

/* The place of the label holds a cipher in LUKS1. */
static void the_cipher_of_LUKS1_is_a_label(void **state)
{
	uint8_t data[1024] = {0};

	(void)state;
	no_devices();
	image_put_luks1(data);
	image_put_text(data + IMAGE_LABEL, 16, "xts-plain64");
	device("sda", "/dev/sda", data, sizeof(data));
	expect_failure("LABEL=xts-plain64", CAUSE_DEVICE, "no device");
	expect_path("UUID=" IMAGE_UUID_TEXT, "/dev/sda");
}

static void a_lost_first_sector_hides_a_volume(void **state)
{
	(void)state;
	for (uint64_t size = 0x4000; size <= 0x400000; size *= 2) {
		uint8_t *image = image_new(size, 7, 7);

		no_devices();
		memset(image, 0, 512);
		device("sda", "/dev/sda", image, 2 * size);
		expect_path("UUID=" IMAGE_UUID_TEXT, "/dev/sda");
		free(image);
	}
}

static void two_volumes_of_one_name_are_one(void **state)
{
	char path[PATH_ROOM];
	struct error err;

	(void)state;
	no_devices();
	luks("sda", IMAGE_UUID_TEXT, "");
	luks("sdb", IMAGE_UUID_TEXT, "");
	luks("sdc", IMAGE_UUID_TEXT, "");
	assert_int_equal(find("UUID=" IMAGE_UUID_TEXT, path, &err), CAUSE_DEVICE);
	assert_non_null(strstr(err.text, "is on two devices, /dev/sd"));
	assert_non_null(strstr(err.text, "name one by its path"));
}

static void what_a_volume_stands_on_is_another_volume(void **state)
{
	(void)state;
	no_devices();
	luks("sda", IMAGE_UUID_TEXT, "");
	held("sda", "md0");
	luks("md0", IMAGE_UUID_TEXT, "");
	expect_path("UUID=" IMAGE_UUID_TEXT, "/dev/md0");
}

/* It can still be named, so that the person is told that it is in use. */
static void a_volume_in_use_is_called_absent(void **state)
{
	(void)state;
	no_devices();
	luks("sda", IMAGE_UUID_TEXT, "");
	held("sda", "dm-0");
	expect_path("UUID=" IMAGE_UUID_TEXT, "/dev/sda");
}

static void an_exclamation_mark_is_no_slash(void **state)
{
	uint8_t *image = image_new(IMAGE_HDR_MIN, 7, 7);

	(void)state;
	no_devices();
	assert_int_equal(mkdir("/dev/cciss", 0755), 0);
	device("cciss!c0d0", "/dev/cciss/c0d0", image, 2 * IMAGE_HDR_MIN);
	expect_path("UUID=" IMAGE_UUID_TEXT, "/dev/cciss/c0d0");
	free(image);
}

static void a_device_without_a_node_or_bytes_ends_the_search(void **state)
{
	(void)state;
	no_devices();
	device("empty", "/dev/empty", (const uint8_t *)"", 0);
	device("short", "/dev/short", (const uint8_t *)"LUKS\xba\xbe\0\2", 8);
	assert_int_equal(mkdir("/sys/class/block/nonode", 0755), 0);
	luks("sdz", IMAGE_UUID_TEXT, "");
	expect_path("UUID=" IMAGE_UUID_TEXT, "/dev/sdz");
}

/* Reading it waits until somebody resumes it, which is for ever at boot. */
static void a_suspended_mapping_hangs_the_search(void **state)
{
	(void)state;
	no_devices();
	luks("dm-0", IMAGE_UUID_TEXT, "");
	assert_int_equal(mkdir("/sys/class/block/dm-0/dm", 0755), 0);
	dev_write("/sys/class/block/dm-0/dm/suspended", "1\n");
	expect_failure("UUID=" IMAGE_UUID_TEXT, CAUSE_DEVICE, "no device found");
	dev_write("/sys/class/block/dm-0/dm/suspended", "0\n");
	expect_path("UUID=" IMAGE_UUID_TEXT, "/dev/dm-0");
}

/* What stands behind a header that is there is an older volume's. */
static void a_second_header_counts_where_the_first_one_is_whole(void **state)
{
	uint8_t *image = image_new(IMAGE_HDR_MIN, 7, 7);

	(void)state;
	no_devices();
	image_put_text(image + IMAGE_UUID, 40, OTHER_UUID);
	device("sda", "/dev/sda", image, 2 * IMAGE_HDR_MIN);
	expect_failure("UUID=" IMAGE_UUID_TEXT, CAUSE_DEVICE, "no device found");
	expect_path("UUID=" OTHER_UUID, "/dev/sda");
	free(image);
}

/* A FIFO in /dev would hang whoever opens it. */
static void a_FIFO_hangs_the_search(void **state)
{
	(void)state;
	no_devices();
	assert_int_equal(mkdir("/sys/class/block/fifo", 0755), 0);
	assert_int_equal(mkfifo("/dev/fifo", 0600), 0);
	luks("sdz", IMAGE_UUID_TEXT, "");
	expect_path("UUID=" IMAGE_UUID_TEXT, "/dev/sdz");
}

static void a_link_of_udev_is_not_followed(void **state)
{
	(void)state;
	no_devices();
	luks("sda", IMAGE_UUID_TEXT, "");
	assert_int_equal(mkdir("/dev/disk", 0755) || mkdir("/dev/disk/by-uuid", 0755), 0);
	dev_write("/dev/disk/by-uuid/" IMAGE_UUID_TEXT, "");
	expect_path("/dev/disk/by-uuid/" IMAGE_UUID_TEXT, "/dev/disk/by-uuid/" IMAGE_UUID_TEXT);
}

static void an_unlabelled_volume_is_called_by_an_empty_label(void **state)
{
	(void)state;
	no_devices();
	luks("sda", IMAGE_UUID_TEXT, "");
	expect_failure("LABEL=", CAUSE_USAGE, "LABEL=: names no device");
	expect_failure("/dev/disk/by-label/", CAUSE_USAGE, "names no device");
}

static void nothing_here_is_called_found(void **state)
{
	(void)state;
	no_devices();
	expect_failure("UUID=" IMAGE_UUID_TEXT, CAUSE_DEVICE, "UUID=" IMAGE_UUID_TEXT ": no device found");
}

static void a_control_character_reaches_the_terminal(void **state)
{
	char path[PATH_ROOM];
	struct error err;

	(void)state;
	no_devices();
	assert_int_equal(find("LABEL=\033[2J", path, &err), CAUSE_DEVICE);
	assert_null(strchr(err.text, 033));
}

/* --- partitions, sticks and other formats ---------------------------------------------------- */

enum { DISK_BYTES = 1 << 20 };

/* The folder of device @name in a tree of devices, at @place, and the link to it. */
static void place_device(const char *name, const char *place)
{
	char path[512], target[512];

	snprintf(path, sizeof(path), "/run/devices/%s", place);
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		(void)mkdir(path, 0755);
		*p = '/';
	}
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(target, sizeof(target), "/sys/class/block/%s", name);
	assert_int_equal(symlink(path, target), 0);
}

static void attribute(const char *name, const char *attribute, const char *value)
{
	char path[512];

	snprintf(path, sizeof(path), "/sys/class/block/%s/%s", name, attribute);
	(void)unlink(path);
	dev_write(path, value);
}

static void two_paths_of_one_disk_are_two_volumes(void **state)
{
	static const char *const places[] = {"sda", "sdb", "sdc"};

	(void)state;
	no_devices();
	for (int i = 0; i < 3; i++) {
		char folder[64];

		luks(places[i], i < 2 ? IMAGE_UUID_TEXT : OTHER_UUID, "");
		snprintf(folder, sizeof(folder), "/sys/class/block/%s/device", places[i]);
		assert_int_equal(mkdir(folder, 0755), 0);
	}
	attribute("sda", "device/wwid", "naa.5000c500\n");
	attribute("sdb", "device/wwid", "naa.5000c501\n");
	expect_failure("UUID=" IMAGE_UUID_TEXT, CAUSE_DEVICE, "name one by its path");
	attribute("sdb", "device/wwid", "naa.5000c500\n");
	expect_failure("UUID=" IMAGE_UUID_TEXT, CAUSE_DEVICE, "is on two paths of one disk, /dev/sd");
}

static void a_stick_of_the_same_name_hides_a_disk(void **state)
{
	(void)state;
	no_devices();
	for (const char *name = "sda\0sdb\0sdc\0"; *name; name += 4) {
		luks(name, IMAGE_UUID_TEXT, "root");
		if (name[2] != 'b')
			attribute(name, "removable", "1\n");
		if (name[2] == 'a')
			expect_path("LABEL=root", "/dev/sda");
		else
			expect_path("LABEL=root", "/dev/sdb");
	}
	luks("sdd", IMAGE_UUID_TEXT, "root");
	expect_failure("LABEL=root", CAUSE_DEVICE, "unplug one, or name one by its path");
}

static void a_stick_hides_a_disk_that_is_in_use(void **state)
{
	(void)state;
	no_devices();
	luks("sda", IMAGE_UUID_TEXT, "");
	held("sda", "dm-0");
	luks("sdb", IMAGE_UUID_TEXT, "");
	attribute("sdb", "removable", "1\n");
	expect_path("UUID=" IMAGE_UUID_TEXT, "/dev/sda");
}

static void two_sticks_of_one_name_are_one(void **state)
{
	(void)state;
	no_devices();
	luks("sda", IMAGE_UUID_TEXT, "");
	luks("sdb", IMAGE_UUID_TEXT, "");
	attribute("sda", "removable", "1\n");
	attribute("sdb", "removable", "1\n");
	expect_failure("UUID=" IMAGE_UUID_TEXT, CAUSE_DEVICE, "is on two devices, /dev/sd");
}

static void a_name_is_taken_for_a_path(void **state)
{
	static const char *const names[] = {"UUID=1", "LABEL=", "PARTUUID=1", "PARTLABEL=1", "ID=x",
		"/dev/disk/by-uuid/1", "/dev/disk/by-partlabel/x"};
	char uuid[SUPERBLOCK_UUID_BYTES];

	(void)state;
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_true(find_is_name(names[i]));
	assert_false(
		find_is_name("/dev/sda") || find_is_name("uuid=1") || find_is_name("/dev/disk/by-path/1"));
	assert_true(find_uuid("UUID=\"1-2\"", uuid));
	assert_string_equal(uuid, "1-2");
	assert_true(find_uuid("/dev/disk/by-uuid/1-2", uuid));
	assert_string_equal(uuid, "1-2");
	assert_false(find_uuid("PARTUUID=1", uuid) || find_uuid("/dev/sda", uuid) || *uuid);
}

static void node(const char *name, const void *data, size_t size)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/dev/%s", name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

static void fresh_tree(void)
{
	no_devices();
	assert_true(dev_cover("/run"));
}

/* A disk of two partitions with an MBR of signature 1a2b3c4d, on a USB stick. */
static void usb_stick(const char *name, const char *serial)
{
	static uint8_t disk[DISK_BYTES];
	char place[256], part[16];

	memset(disk, 0, sizeof(disk));
	memcpy(disk + 440, "\x4d\x3c\x2b\x1a", 4);
	memcpy(disk + 446, "\0\0\0\0\x0c\0\0\0\x08\0\0\0\x10\0\0\0", 16);
	memcpy(disk + 462, "\0\0\0\0\x83\0\0\0\x18\0\0\0\x10\0\0\0", 16);
	memcpy(disk + 510, "\x55\xaa", 2);
	snprintf(place, sizeof(place), "pci0/usb1/1-1-%s/1-1:1.0/host2/target2:0:0/2:0:0:0/block/%s", name,
		name);
	place_device(name, place);
	snprintf(place, sizeof(place), "/sys/class/block/%s/device", name);
	assert_int_equal(symlink("../../../2:0:0:0", place), 0);
	attribute(name, "device/vendor", "SanDisk \n");
	attribute(name, "device/model", " Ultra  Fit,     \n");
	attribute(name, "device/../../../bInterfaceClass", "08\n");
	attribute(name, "device/../../../bInterfaceSubClass", "06\n");
	attribute(name, "device/../../../../serial", serial);
	node(name, disk, sizeof(disk));
	for (unsigned i = 1; i <= 2; i++) {
		snprintf(part, sizeof(part), "%s%u", name, i);
		snprintf(place, sizeof(place),
			"pci0/usb1/1-1-%s/1-1:1.0/host2/target2:0:0/2:0:0:0/block/%s/%s", name, name, part);
		place_device(part, place);
		attribute(part, "partition", i == 1 ? "1\n" : "2\n");
		attribute(part, "start", i == 1 ? "8\n" : "24\n");
		attribute(part, "size", "16\n");
		node(part, "", 0);
	}
}

enum { MANY = 250, ENTRIES = 4096, TABLE_SECTORS = ENTRIES * 128 / 512, GPT_SECTORS = 6 * TABLE_SECTORS };

static void put_le(uint8_t *to, unsigned bytes, uint64_t v)
{
	for (; bytes; bytes--, v >>= 8)
		*to++ = (uint8_t)v;
}

static void put_gpt(uint8_t *disk, uint64_t header, uint64_t table)
{
	uint8_t *h = disk + header * 512, *e = disk + table * 512;

	for (unsigned i = 0; i < MANY; i++) {
		memset(e + i * 128, 0xaf, 16);
		put_le(e + i * 128 + 16, 4, 0x1000 + i);
		put_le(e + i * 128 + 32, 8, 3 * TABLE_SECTORS + i);
		put_le(e + i * 128 + 40, 8, 3 * TABLE_SECTORS + i);
	}
	memcpy(h, "EFI PART\0\0\1\0\x5c", 13);
	put_le(h + 24, 8, header);
	put_le(h + 40, 8, 2 * TABLE_SECTORS);
	put_le(h + 48, 8, GPT_SECTORS);
	put_le(h + 72, 8, table);
	put_le(h + 80, 4, ENTRIES);
	put_le(h + 84, 4, 128);
	put_le(h + 88, 4, ~crc32_update(~0U, e, ENTRIES * 128));
	put_le(h + 16, 4, ~crc32_update(~0U, h, 92));
}

/* As many partitions as the kernel makes, and two of the largest tables, the first of them damaged. */
static void hostile_disk(void)
{
	uint8_t *disk = calloc(GPT_SECTORS, 512);
	char part[16], number[16];

	assert_non_null(disk);
	memcpy(disk + 446, "\0\0\0\0\xee\0\0\0\1\0\0\0\xff\xff\0\0", 16);
	memcpy(disk + 510, "\x55\xaa", 2);
	put_gpt(disk, 1, 2);
	put_gpt(disk, GPT_SECTORS - 1, GPT_SECTORS - 1 - TABLE_SECTORS);
	disk[(2 + TABLE_SECTORS) * 512 - 1] ^= 1;
	place_device("sda", "disk/sda");
	node("sda", disk, (size_t)GPT_SECTORS * 512);
	free(disk);
	for (unsigned i = 0; i < MANY; i++) {
		char place[32];

		snprintf(part, sizeof(part), "sda%u", i + 1);
		snprintf(place, sizeof(place), "disk/sda/%s", part);
		place_device(part, place);
		snprintf(number, sizeof(number), "%u\n", i + 1);
		attribute(part, "partition", number);
		snprintf(number, sizeof(number), "%u\n", 3 * TABLE_SECTORS + i);
		attribute(part, "start", number);
		node(part, "", 0);
	}
}

/* Of this process, from files of every kind. */
static uint64_t bytes_read(void)
{
	unsigned long long n = 0;
	FILE *file = fopen("/proc/self/io", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "rchar: %llu", &n), 1);
	fclose(file);
	return n;
}

static void a_table_is_read_once_for_each_partition(void **state)
{
	uint64_t before;

	(void)state;
	fresh_tree();
	hostile_disk();
	before = bytes_read();
	expect_path("PARTUUID=000010f9-0000-0000-0000-000000000000", "/dev/sda250");
	assert_true(bytes_read() - before < 4 * TABLE_SECTORS * 512);
}

static void a_partition_is_not_found_by_its_id(void **state)
{
	(void)state;
	fresh_tree();
	usb_stick("sda", "1\n");
	expect_path("PARTUUID=1a2b3c4d-01", "/dev/sda1");
	expect_path("PARTUUID=1A2B3C4D-02", "/dev/sda2");
	expect_path("PARTUUID=\"1a2b3c4d-02\"", "/dev/sda2");
	expect_path("PARTUUID='1a2b3c4d-02'", "/dev/sda2");
	expect_path("/dev/disk/by-partuuid/1a2b3c4d-02", "/dev/sda2");
	expect_path("PARTUUID=1a2b3c4d-01/PARTNROFF=1", "/dev/sda2");
	expect_path("PARTUUID=1a2b3c4d-01/PARTNROFF=0", "/dev/sda1");
	expect_failure("PARTUUID=1a2b3c4d-01/PARTNROFF=2", CAUSE_DEVICE, "no device");
	expect_failure("PARTUUID=1a2b3c4d-03", CAUSE_DEVICE, "no device");
	expect_failure("PARTUUID=1a2b3c4d", CAUSE_DEVICE, "no device");
	expect_failure("PARTUUID='1a2b3c4d-02", CAUSE_DEVICE, "no device");
}

/* The table says otherwise than the kernel: it was written anew, or it lies. */
static void the_id_of_another_place_is_taken(void **state)
{
	(void)state;
	fresh_tree();
	usb_stick("sda", "1\n");
	attribute("sda1", "start", "9\n");
	expect_failure("PARTUUID=1a2b3c4d-01", CAUSE_DEVICE, "no device");
	expect_path("PARTUUID=1a2b3c4d-02", "/dev/sda2");
}

static void one_of_two_partitions_of_one_id_is_chosen(void **state)
{
	(void)state;
	fresh_tree();
	usb_stick("sda", "1\n");
	usb_stick("sdb", "2\n");
	expect_failure("PARTUUID=1a2b3c4d-01", CAUSE_DEVICE, "is on two devices, /dev/sd");
}

static void a_USB_stick_is_not_found_by_what_udev_calls_it(void **state)
{
	(void)state;
	fresh_tree();
	usb_stick("sda", "4C53 0001\n");
	usb_stick("sdb", "4C530002\n");
	usb_stick("sdc", "odd,serial\n");
	expect_path("/dev/disk/by-id/usb-SanDisk_Ultra_Fit__4C53_0001-0:0", "/dev/sda");
	expect_path("/dev/disk/by-id/usb-SanDisk_Ultra_Fit__4C53_0001-0:0-part1", "/dev/sda1");
	expect_path("ID=usb-SanDisk_Ultra_Fit__4C530002-0:0-part2", "/dev/sdb2");
	expect_path("ID=usb-SanDisk_Ultra_Fit_-0:0-part2", "/dev/sdc2");
	expect_failure("ID=usb-SanDisk_Ultra_Fit__4C530002-0:0-part3", CAUSE_DEVICE, "no device");
	expect_failure("ID=usb-SanDisk_Ultra_Fit__4C530002", CAUSE_DEVICE, "no device");
	expect_failure("ID=usb-SanDisk_Ultra_Fit__4C530002-0:0-part", CAUSE_DEVICE, "no device");
	/* Not mass storage: the words of the USB device. */
	attribute("sdb", "device/../../../bInterfaceSubClass", "01\n");
	attribute("sdb", "device/../../../../manufacturer", "Maker\n");
	attribute("sdb", "device/../../../../idProduct", "5583\n");
	expect_path("ID=usb-Maker_5583_4C530002-0:0", "/dev/sdb");
}

static void other_disks_are_not_found_by_what_udev_calls_them(void **state)
{
	char page[4 + 4 + 68 + 1] = "\0\x83\0\x48\x02\x01\0\x44";
	int fd;

	(void)state;
	fresh_tree();
	place_device("vda", "pci0/virtio1/block/vda");
	attribute("vda", "serial", "a serial\n");
	place_device("nvme0n1", "pci0/nvme/nvme0/nvme0n1");
	assert_int_equal(symlink("../../nvme0", "/sys/class/block/nvme0n1/device"), 0);
	attribute("nvme0n1", "device/model", "Samsung SSD 980 1TB                     \n");
	attribute("nvme0n1", "device/serial", "S64ANS0T\n");
	attribute("nvme0n1", "nsid", "1\n");
	attribute("nvme0n1", "wwid", "eui.002538\n");
	place_device("mmcblk0", "mmc_host/mmc0/mmc0:0001/block/mmcblk0");
	assert_int_equal(symlink("../../../mmc0:0001", "/sys/class/block/mmcblk0/device"), 0);
	attribute("mmcblk0", "device/name", "SC16G\n");
	attribute("mmcblk0", "device/serial", "0x1234\n");
	place_device("dm-0", "virtual/block/dm-0");
	assert_int_equal(mkdir("/sys/class/block/dm-0/dm", 0755), 0);
	attribute("dm-0", "dm/name", "root\n");
	attribute("dm-0", "dm/uuid", "CRYPT-LUKS2-00-root\n");
	place_device("sda", "pci0/ata1/host0/target0:0:0/0:0:0:0/block/sda");
	assert_int_equal(symlink("../../../0:0:0:0", "/sys/class/block/sda/device"), 0);
	attribute("sda", "device/wwid", "naa.5000c500\n");
	memcpy(page + 8, "ATA     WDC  WD10EZEX-08WN4A0                       WD-WCC6Y1", 61);
	memset(page + 8 + 61, ' ', 7);
	fd = open("/sys/class/block/sda/device/vpd_pg83", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, page, sizeof(page) - 1), sizeof(page) - 1);
	close(fd);
	expect_path("ID=virtio-a_serial", "/dev/vda");
	expect_path("ID=nvme-Samsung_SSD_980_1TB_S64ANS0T", "/dev/nvme0n1");
	expect_path("ID=nvme-Samsung_SSD_980_1TB_S64ANS0T_1", "/dev/nvme0n1");
	expect_path("ID=nvme-eui.002538", "/dev/nvme0n1");
	expect_path("ID=mmc-SC16G_0x1234", "/dev/mmcblk0");
	expect_path("/dev/disk/by-id/dm-name-root", "/dev/dm-0");
	expect_path("/dev/disk/by-id/dm-uuid-CRYPT-LUKS2-00-root", "/dev/dm-0");
	expect_path("ID=wwn-0x5000c500", "/dev/sda");
	expect_path("ID=ata-WDC_WD10EZEX-08WN4A0_WD-WCC6Y1", "/dev/sda");
	expect_failure("ID=virtio-a_serial-part1", CAUSE_DEVICE, "no device");
	expect_failure("ID=nvme-Samsung_SSD_980_1TB", CAUSE_DEVICE, "no device");
	expect_failure("ID=dm-name-roo", CAUSE_DEVICE, "no device");
	expect_failure("ID=dm-name-root2", CAUSE_DEVICE, "no device");
	expect_failure("ID=sda", CAUSE_DEVICE, "no device");
}

static void a_disk_is_not_found_by_its_serial_number(void **state)
{
	char page[4 + 4 + 68 + 1] = "\0\x83\0\x48\x02\x01\0\x44";
	uint8_t *image = image_new(IMAGE_HDR_MIN, 7, 7);
	int fd;

	(void)state;
	fresh_tree();
	luks("vda", OTHER_UUID, "");
	attribute("vda", "serial", "V 1\n");
	luks("nvme0n1", OTHER_UUID, "");
	assert_int_equal(mkdir("/sys/class/block/nvme0n1/device", 0755), 0);
	attribute("nvme0n1", "device/serial", "S64ANS0T            \n");
	luks("sdb", OTHER_UUID, "");
	assert_int_equal(mkdir("/sys/class/block/sdb/device", 0755), 0);
	memcpy(page + 8, "ATA     WDC  WD10EZEX-08WN4A0                       WD-WCC6Y1", 61);
	memset(page + 8 + 61, ' ', 7);
	fd = open("/sys/class/block/sdb/device/vpd_pg83", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, page, sizeof(page) - 1), sizeof(page) - 1);
	close(fd);
	usb_stick("sdc", "4C530001\n");
	node("sdc2", image, 2 * IMAGE_HDR_MIN);
	free(image);
	expect_path("SERIAL=V_1", "/dev/vda");
	expect_path("SERIAL=S64ANS0T", "/dev/nvme0n1");
	expect_path("SERIAL=WD-WCC6Y1", "/dev/sdb");
	expect_path("SERIAL=4C530001", "/dev/sdc2");
	expect_path("SERIAL=4C5*", "/dev/sdc2");
	expect_failure("SERIAL=4C5", CAUSE_DEVICE, "no device");
	expect_failure("SERIAL=4C5300012", CAUSE_DEVICE, "no device");
}

/* An ext4 of @label with a UUID of 11s. */
static void put_ext(uint8_t *data, const char *label)
{
	memcpy(data + 1024, "\1\0\0\0\1\0\0\0", 8);
	memcpy(data + 1080, "\x53\xef", 2);
	data[1024 + 0x60] = 0x40;
	memset(data + 1128, 0x11, 16);
	image_put_text(data + 1144, 16, label);
}

#define EXT_UUID "11111111-1111-1111-1111-111111111111"

static void a_filesystem_is_not_found(void **state)
{
	uint8_t data[8192] = {0};

	(void)state;
	no_devices();
	put_ext(data, "my keys");
	device("sda", "/dev/sda", data, sizeof(data));
	luks("sdb", IMAGE_UUID_TEXT, "");
	expect_path("UUID=" EXT_UUID, "/dev/sda");
	expect_path("LABEL=my keys", "/dev/sda");
	expect_path("LABEL=\"my keys\"", "/dev/sda");
	expect_path("/dev/disk/by-label/my\\x20keys", "/dev/sda");
	expect_failure("LABEL=my\\x20keys", CAUSE_DEVICE, "no device");
}

/* Whoever formats a volume leaves its second header where it was: the name of the volume is gone, unless
 * nothing else has it. */
static void a_volume_that_was_formatted_over_counts_as_much_as_a_whole_one(void **state)
{
	uint8_t *image = image_new(IMAGE_HDR_MIN, 7, 7);
	char path[PATH_ROOM];
	unsigned rank = 0;
	struct member member;
	struct error err;

	(void)state;
	no_devices();
	memset(image, 0, 4096);
	put_ext(image, "over");
	device("sda", "/dev/sda", image, 2 * IMAGE_HDR_MIN);
	free(image);
	expect_path("UUID=" IMAGE_UUID_TEXT, "/dev/sda");
	expect_path("LABEL=over", "/dev/sda");
	luks("sdb", IMAGE_UUID_TEXT, "");
	expect_path("UUID=" IMAGE_UUID_TEXT, "/dev/sdb");
	expect_path("UUID=" EXT_UUID, "/dev/sda");
	/* What was copied to a stick before may be all that is left. */
	attribute("sdb", "removable", "1\n");
	expect_path("UUID=" IMAGE_UUID_TEXT, "/dev/sdb");
	held("sdb", "dm-0");
	expect_path("UUID=" IMAGE_UUID_TEXT, "/dev/sdb");
	/* In place of another one it never counts: what has overwritten it may be in use. */
	luks("sdc", IMAGE_UUID_TEXT, "");
	assert_int_equal(find_below("UUID=" IMAGE_UUID_TEXT, path, sizeof(path), &member, &rank, &err),
		CAUSE_OK);
	assert_string_equal(path, "/dev/sdc");
	assert_int_equal(find_below("UUID=" IMAGE_UUID_TEXT, path, sizeof(path), &member, &rank, &err),
		CAUSE_OK);
	assert_string_equal(path, "/dev/sdb");
	assert_int_equal(find_below("UUID=" IMAGE_UUID_TEXT, path, sizeof(path), &member, &rank, &err),
		CAUSE_DEVICE);
	assert_int_equal(rank, 0);
}

/* As the images of installers: the whole disk has the label of its first partition. */
static void a_disk_is_another_device_than_its_partition(void **state)
{
	uint8_t data[8192] = {0};

	(void)state;
	fresh_tree();
	usb_stick("sda", "1\n");
	put_ext(data, "installer");
	node("sda", data, sizeof(data));
	node("sda1", data, sizeof(data));
	expect_path("LABEL=installer", "/dev/sda1");
	node("sda1", "", 0);
	expect_path("LABEL=installer", "/dev/sda");
}

static void an_empty_drive_or_a_floppy_is_read(void **state)
{
	(void)state;
	no_devices();
	luks("sda", IMAGE_UUID_TEXT, "");
	attribute("sda", "size", "0\n");
	luks("fd0", IMAGE_UUID_TEXT, "");
	expect_failure("UUID=" IMAGE_UUID_TEXT, CAUSE_DEVICE, "no device");
}

static void a_walk_shows_a_stick_as_a_built_in_disk(void **state)
{
	struct find_found found;
	struct find_walk walk;
	uint8_t data[8192] = {0};
	struct error err;
	unsigned seen = 0;

	(void)state;
	fresh_tree();
	usb_stick("sda", "1\n");
	put_ext(data, "keys");
	node("sda2", data, sizeof(data));
	place_device("vda", "pci0/virtio1/block/vda");
	node("vda", data, sizeof(data));
	place_device("sdx", "pci0/sata/block/sdx");
	attribute("sdx", "removable", "1\n");
	assert_int_equal(find_walk_open(&walk, &err), CAUSE_OK);
	while (find_walk_next(&walk, &found)) {
		bool inside = !strcmp(found.name, "vda");
		bool known = inside || !strcmp(found.name, "sda2");

		assert_int_equal(found.removable, !inside);
		assert_int_equal(found.held, !strcmp(found.name, "sda"));
		assert_string_equal(found.path + strlen("/dev/"), found.name);
		if (known)
			assert_string_equal(found.superblock.label, "keys");
		else
			assert_null(found.superblock.type);
		seen++;
	}
	find_walk_close(&walk);
	assert_int_equal(seen, 5);
}

/* Last, since the folder does not come back. */
static void without_sys_nothing_is_said(void **state)
{
	(void)state;
	assert_true(dev_cover("/sys"));
	expect_failure("LABEL=x", CAUSE_DEVICE, "LABEL=x: cannot search for devices: /sys is not mounted");
}

int main(void)
{
	static const struct {
		const char *name;
		CMUnitTestFunction test;
	} all[] = {
#define FIND(test) {#test, test}
		FIND(a_volume_is_not_found),
		FIND(a_key_on_a_member_is_not_found),
		FIND(the_case_of_a_UUID_matters),
		FIND(the_case_of_a_label_does_not_matter),
		FIND(a_part_of_a_name_is_enough),
		FIND(the_beginning_of_a_number_is_not_enough),
		FIND(the_cipher_of_LUKS1_is_a_label),
		FIND(a_lost_first_sector_hides_a_volume),
		FIND(two_volumes_of_one_name_are_one),
		FIND(a_stick_of_the_same_name_hides_a_disk),
		FIND(a_stick_hides_a_disk_that_is_in_use),
		FIND(two_sticks_of_one_name_are_one),
		FIND(a_name_is_taken_for_a_path),
		FIND(two_paths_of_one_disk_are_two_volumes),
		FIND(a_member_is_found_or_a_volume_beside_it_is_not),
		FIND(what_a_volume_stands_on_is_another_volume),
		FIND(a_volume_in_use_is_called_absent),
		FIND(an_exclamation_mark_is_no_slash),
		FIND(a_device_without_a_node_or_bytes_ends_the_search),
		FIND(a_suspended_mapping_hangs_the_search),
		FIND(a_second_header_counts_where_the_first_one_is_whole),
		FIND(a_FIFO_hangs_the_search),
		FIND(a_link_of_udev_is_not_followed),
		FIND(an_unlabelled_volume_is_called_by_an_empty_label),
		FIND(nothing_here_is_called_found),
		FIND(a_control_character_reaches_the_terminal),
		FIND(a_table_is_read_once_for_each_partition),
		FIND(a_partition_is_not_found_by_its_id),
		FIND(the_id_of_another_place_is_taken),
		FIND(one_of_two_partitions_of_one_id_is_chosen),
		FIND(a_disk_is_not_found_by_its_serial_number),
		FIND(a_USB_stick_is_not_found_by_what_udev_calls_it),
		FIND(other_disks_are_not_found_by_what_udev_calls_them),
		FIND(a_filesystem_is_not_found),
		FIND(a_volume_that_was_formatted_over_counts_as_much_as_a_whole_one),
		FIND(a_disk_is_another_device_than_its_partition),
		FIND(an_empty_drive_or_a_floppy_is_read),
		FIND(a_walk_shows_a_stick_as_a_built_in_disk),
		FIND(without_sys_nothing_is_said),
	};
	const char *why_not = dev_private();

	ROW(a_path_is_changed);
	ROW(a_long_path_is_cut);
	ROW(an_offset_that_is_no_number_is_taken_for_one);
	ROW(an_empty_name_is_looked_for);
	for (size_t i = 0; i < COUNT(all); i++)
		if (why_not)
			row_skip(all[i].name, why_not);
		else
			row(all[i].name, all[i].test, NULL);
	return rows_run("find");
}
