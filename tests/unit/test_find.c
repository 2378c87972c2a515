/* SPDX-License-Identifier: MIT */
/* A device by its name: /sys and the superblocks, in folders of our own. */
#include "device/find.h"
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
	expect_path("/dev/disk/by-id/x", "/dev/disk/by-id/x");
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

static void a_partition_name_is_taken_for_a_path(void **state)
{
	(void)state;
	expect_failure("PARTUUID=1", CAUSE_UNSUPPORTED, "PARTUUID=1: partitions are not looked for yet");
	expect_failure(
		"PARTLABEL=root", CAUSE_UNSUPPORTED, "PARTLABEL=root: partitions are not looked for yet");
}

static void an_empty_name_is_looked_for(void **state)
{
	(void)state;
	expect_failure("LABEL=", CAUSE_USAGE, "LABEL=");
	expect_failure("UUID=", CAUSE_USAGE, "UUID=");
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
	expect_failure("LABEL=root", CAUSE_DEVICE, "LABEL=root: no LUKS volume here is called that");
}

static void a_part_of_a_name_is_enough(void **state)
{
	(void)state;
	no_devices();
	luks("sda", IMAGE_UUID_TEXT, "rootfs");
	expect_failure("LABEL=root", CAUSE_DEVICE, "no LUKS volume");
	expect_failure("LABEL=rootfs2", CAUSE_DEVICE, "no LUKS volume");
	expect_failure("UUID=6d1b3a5e", CAUSE_DEVICE, "no LUKS volume");
	expect_failure("UUID=" IMAGE_UUID_TEXT "0", CAUSE_DEVICE, "no LUKS volume");
	expect_failure("LABEL=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", CAUSE_DEVICE,
		"no LUKS");
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
	expect_failure("LABEL=xts-plain64", CAUSE_DEVICE, "no LUKS volume");
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
	expect_failure("UUID=" IMAGE_UUID_TEXT, CAUSE_DEVICE, "no LUKS volume");
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
	expect_failure("UUID=" IMAGE_UUID_TEXT, CAUSE_DEVICE, "no LUKS volume");
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
	expect_failure(
		"UUID=" IMAGE_UUID_TEXT, CAUSE_DEVICE, "UUID=" IMAGE_UUID_TEXT ": no LUKS volume here");
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

/* Last, since the folder does not come back. */
static void without_sys_nothing_is_said(void **state)
{
	(void)state;
	assert_true(dev_cover("/sys"));
	expect_failure("LABEL=x", CAUSE_DEVICE, "LABEL=x: cannot be looked for: /sys is not mounted");
}

int main(void)
{
	static const struct {
		const char *name;
		CMUnitTestFunction test;
	} all[] = {
#define FIND(test) {#test, test}
		FIND(a_volume_is_not_found),
		FIND(the_case_of_a_UUID_matters),
		FIND(the_case_of_a_label_does_not_matter),
		FIND(a_part_of_a_name_is_enough),
		FIND(the_cipher_of_LUKS1_is_a_label),
		FIND(a_lost_first_sector_hides_a_volume),
		FIND(two_volumes_of_one_name_are_one),
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
		FIND(without_sys_nothing_is_said),
	};
	const char *why_not = dev_private();

	ROW(a_path_is_changed);
	ROW(a_long_path_is_cut);
	ROW(a_partition_name_is_taken_for_a_path);
	ROW(an_empty_name_is_looked_for);
	for (size_t i = 0; i < COUNT(all); i++)
		if (why_not)
			row_skip(all[i].name, why_not);
		else
			row(all[i].name, all[i].test, NULL);
	return rows_run("find");
}
