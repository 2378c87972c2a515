/* SPDX-License-Identifier: MIT */
/* /dev/mapper/NAME: made when nobody else makes it, never beside somebody else's. */
#include "dm/node.h"
#include "fake_kernel_dev.h"
#include "rows.h"
#include "unit.h"
#include <poll.h>

static unsigned waited_ms;
static void (*after_a_while)(void);

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	(void)fds;
	(void)n;
	waited_ms += (unsigned)timeout;
	if (waited_ms >= 50 && after_a_while) {
		after_a_while();
		after_a_while = NULL;
	}
	return 0;
}

#define NAME "latchkey-test"
#define PATH "/dev/mapper/" NAME

/* As the kernel packs a device number for user space. */
static uint64_t packed(unsigned major, unsigned minor)
{
	return (minor & 0xff) | (uint64_t)major << 8 | (uint64_t)(minor & ~0xffu) << 12;
}

static void clean(void)
{
	(void)unlink(PATH);
	(void)unlink("/dev/dm-3");
	(void)unlink("/dev/dm-4");
	(void)unlink("/run/udev/control");
	(void)rmdir("/run/udev");
	waited_ms = 0;
	after_a_while = NULL;
}

static void make_device(const char *path, unsigned major, unsigned minor)
{
	assert_int_equal(mknod(path, S_IFBLK | 0600, makedev(major, minor)), 0);
}

static void is_device(const char *path, unsigned major, unsigned minor)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISBLK(st.st_mode));
	assert_true(st.st_rdev == makedev(major, minor));
}

static bool is_link(const char *path, const char *want)
{
	char target[64] = "";

	return readlink(path, target, sizeof(target) - 1) > 0 && !strcmp(target, want);
}

static void made(const char *name, uint64_t dev)
{
	struct error err = {.text = ""};

	if (node_make(name, dev, false, &err))
		fail_msg("%s", err.text);
}

static void without_the_kernels_node_there_is_none(void **state)
{
	struct stat st;

	(void)state;
	clean();
	made(NAME, packed(253, 3));
	is_device(PATH, 253, 3);
	assert_int_equal(lstat(PATH, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(waited_ms, 0);
}

static void with_the_kernels_node_it_is_no_link(void **state)
{
	(void)state;
	clean();
	make_device("/dev/dm-3", 253, 3);
	made(NAME, packed(253, 3));
	assert_true(is_link(PATH, "../dm-3"));
	is_device(PATH, 253, 3);
}

/* /dev/dm-3 of another device must not be linked to. */
static void somebody_elses_dm_3_is_taken(void **state)
{
	(void)state;
	clean();
	make_device("/dev/dm-3", 252, 3);
	made(NAME, packed(253, 3));
	is_device(PATH, 253, 3);
}

static void a_right_node_is_made_anew(void **state)
{
	struct stat before, after;

	(void)state;
	clean();
	make_device(PATH, 253, 3);
	assert_int_equal(lstat(PATH, &before), 0);
	made(NAME, packed(253, 3));
	assert_int_equal(lstat(PATH, &after), 0);
	assert_true(before.st_ino == after.st_ino);
}

static void a_stale_node_stays(void **state)
{
	(void)state;
	clean();
	make_device(PATH, 253, 9);
	made(NAME, packed(253, 3));
	is_device(PATH, 253, 3);
	clean();
	assert_int_equal(symlink("../dm-4", PATH), 0);
	make_device("/dev/dm-4", 253, 4);
	made(NAME, packed(253, 3));
	is_device(PATH, 253, 3);
	is_device("/dev/dm-4", 253, 4);
	clean();
	dev_write(PATH, "a file");
	made(NAME, packed(253, 3));
	is_device(PATH, 253, 3);
	clean();
	assert_int_equal(symlink("nowhere", PATH), 0);
	made(NAME, packed(253, 3));
	is_device(PATH, 253, 3);
}

static void a_large_number_is_unpacked_wrongly(void **state)
{
	static const unsigned numbers[][2] = {{253, 0}, {253, 255}, {253, 256}, {253, 4095}, {253, 1048575},
		{4095, 3}, {255, 65536}};

	(void)state;
	SKIP_EMULATED("device numbers of 32 bits");
	for (size_t i = 0; i < COUNT(numbers); i++) {
		clean();
		made(NAME, packed(numbers[i][0], numbers[i][1]));
		is_device(PATH, numbers[i][0], numbers[i][1]);
	}
}

static void a_missing_folder_is_an_error(void **state)
{
	(void)state;
	clean();
	assert_int_equal(rmdir("/dev/mapper"), 0);
	made(NAME, packed(253, 3));
	is_device(PATH, 253, 3);
}

static void a_mangled_name_is_a_path_of_its_own(void **state)
{
	(void)state;
	clean();
	made("we\\x20ird", packed(253, 3));
	is_device("/dev/mapper/we\\x20ird", 253, 3);
	node_remove("we\\x20ird");
	assert_int_equal(access("/dev/mapper/we\\x20ird", F_OK), -1);
}

/* --- udev ----------------------------------------------------------------------------------- */

static void start_udev(void)
{
	assert_int_equal(mkdir("/run/udev", 0755), 0);
	dev_write("/run/udev/control", "");
}

static void udev_makes_it(void)
{
	(void)!symlink("../dm-3", PATH);
}

static void udev_is_not_waited_for(void **state)
{
	struct stat st;

	(void)state;
	clean();
	start_udev();
	make_device("/dev/dm-3", 253, 3);
	after_a_while = udev_makes_it;
	made(NAME, packed(253, 3));
	assert_true(waited_ms >= 50 && waited_ms < 1000);
	assert_int_equal(lstat(PATH, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
}

static void a_udev_that_does_nothing_is_waited_for_for_ever(void **state)
{
	(void)state;
	clean();
	start_udev();
	make_device("/dev/dm-3", 253, 3);
	made(NAME, packed(253, 3));
	assert_true(waited_ms >= 1000 && waited_ms <= 20000);
	is_device(PATH, 253, 3);
}

/* Where dmsetup has no rules udev never makes it. */
static void udev_is_waited_for_although_the_mapping_is_private(void **state)
{
	struct error err;

	(void)state;
	clean();
	start_udev();
	make_device("/dev/dm-3", 253, 3);
	assert_int_equal(node_make(NAME, packed(253, 3), true, &err), CAUSE_OK);
	assert_int_equal(waited_ms, 0);
	is_device(PATH, 253, 3);
}

/* An old node of that name, which udev has not replaced yet. */
static void a_stale_node_satisfies_the_wait_for_udev(void **state)
{
	(void)state;
	clean();
	start_udev();
	make_device(PATH, 253, 9);
	made(NAME, packed(253, 3));
	assert_true(waited_ms >= 1000);
	is_device(PATH, 253, 3);
}

/* --- errors ---------------------------------------------------------------------------------- */

static void a_node_that_cannot_be_made_is_called_made(void **state)
{
	struct error err = {.text = ""};

	(void)state;
	clean();
	assert_int_equal(mount(NULL, "/dev", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(node_make(NAME, packed(253, 3), false, &err), CAUSE_KERNEL);
	assert_int_equal(mount(NULL, "/dev", NULL, MS_REMOUNT, NULL), 0);
	assert_non_null(strstr(err.text, PATH ": cannot be created: "));
	assert_int_equal(err.os_errno, EROFS);
}

static void a_removed_node_stays(void **state)
{
	(void)state;
	clean();
	make_device(PATH, 253, 3);
	make_device("/dev/mapper/other", 253, 4);
	node_remove(NAME);
	node_remove(NAME);
	assert_int_equal(access(PATH, F_OK), -1);
	is_device("/dev/mapper/other", 253, 4);
}

/* A private node is seen by nobody for long, whether it opens or not. */
static void a_private_node_stays(void **state)
{
	(void)state;
	clean();
	assert_int_equal(node_open_private(packed(253, 999), NAME), -1);
	assert_true(errno == ENXIO || errno == ENODEV || errno == EPERM || errno == EACCES);
	assert_int_equal(access("/dev/" NAME, F_OK), -1);
	/* A name that is taken is not opened: somebody else's device could be behind it. */
	dev_write("/dev/" NAME, "");
	assert_int_equal(node_open_private(packed(253, 999), NAME), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(unlink("/dev/" NAME), 0);
}

int main(void)
{
	static const struct {
		const char *name;
		CMUnitTestFunction test;
	} all[] = {
#define NODE(test) {#test, test}
		NODE(without_the_kernels_node_there_is_none),
		NODE(with_the_kernels_node_it_is_no_link),
		NODE(somebody_elses_dm_3_is_taken),
		NODE(a_right_node_is_made_anew),
		NODE(a_stale_node_stays),
		NODE(a_large_number_is_unpacked_wrongly),
		NODE(a_missing_folder_is_an_error),
		NODE(a_mangled_name_is_a_path_of_its_own),
		NODE(udev_is_not_waited_for),
		NODE(a_udev_that_does_nothing_is_waited_for_for_ever),
		NODE(a_stale_node_satisfies_the_wait_for_udev),
		NODE(udev_is_waited_for_although_the_mapping_is_private),
		NODE(a_node_that_cannot_be_made_is_called_made),
		NODE(a_removed_node_stays),
		NODE(a_private_node_stays),
	};
	const char *no_nodes = dev_private();

	if (!no_nodes)
		no_nodes = dev_nodes();
	for (size_t i = 0; i < COUNT(all); i++)
		if (no_nodes)
			row_skip(all[i].name, no_nodes);
		else
			row(all[i].name, all[i].test, NULL);
	return rows_run("node");
}
