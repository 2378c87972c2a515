/* SPDX-License-Identifier: MIT */
/* A device or file opened once, read-only, and what stands in its place by mistake. */
#include "base/os.h"
#include "device/find.h"
#include "rows.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/major.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static bool watched;              /* as blkdev_tell's @watch was told */
static unsigned unwatched, discs; /* questions to devices meanwhile; for a disc in a drive */
static int drive_says;            /* in place of the kernel, if not 0 */

static int count_ioctl(int fd, unsigned long request, void *arg)
{
	unwatched += !watched;
	return os_ioctl(fd, request, arg);
}

static int count_ioctl_number(int fd, unsigned long request, unsigned long arg)
{
	discs++;
	unwatched += !watched;
	return drive_says ? drive_says : os_ioctl_number(fd, request, arg);
}

#define os_ioctl count_ioctl
#define os_ioctl_number count_ioctl_number
#include "../../src/device/blkdev.c" /* its questions to the kernel are counted */

static char folder[] = "/tmp/latchkey-test-XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[4][512];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
	return p;
}

/* A file of @size bytes: byte n is n * 7. */
static const char *file_of(size_t size)
{
	const char *path = in_folder("file");
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	for (size_t i = 0; i < size; i++)
		fputc((int)(i * 7 & 0xff), file);
	fclose(file);
	return path;
}

static unsigned open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void fails(const char *spec, enum cause cause, const char *piece)
{
	unsigned before = open_descriptors();
	struct blkdev dev;
	struct error err = {.text = ""};

	assert_int_equal(find_open(spec, &dev, &err), cause);
	if (!strstr(err.text, piece))
		fail_msg("\"%s\" does not say \"%s\"", err.text, piece);
	assert_int_equal(dev.fd, -1);
	assert_int_equal(open_descriptors(), before);
	blkdev_close(&dev);
}

static void a_file_is_read_from_another_place(void **state)
{
	uint8_t got[16];
	struct blkdev dev;
	struct error err;

	(void)state;
	assert_int_equal(find_open(file_of(5000), &dev, &err), CAUSE_OK);
	assert_true(dev.reader.size_bytes == 5000);
	assert_false(dev.is_block);
	assert_int_equal(reader_read(&dev.reader, got, sizeof(got), 4984, &err), CAUSE_OK);
	for (size_t i = 0; i < sizeof(got); i++)
		assert_int_equal(got[i], (4984 + i) * 7 & 0xff);
	assert_int_equal(reader_read(&dev.reader, got, 0, 5000, &err), CAUSE_OK);
	blkdev_close(&dev);
	assert_int_equal(dev.fd, -1);
	blkdev_close(&dev);
}

static void bytes_beyond_the_end_are_read(void **state)
{
	static const uint64_t places[][2] = {{4985, 16}, {5000, 1}, {5001, 0}, {UINT64_MAX, 1},
		{UINT64_MAX - 7, 16}, {0, 5001}, {1, SIZE_MAX}};
	static uint8_t got[8192];
	struct blkdev dev;
	struct error err;

	(void)state;
	assert_int_equal(find_open(file_of(5000), &dev, &err), CAUSE_OK);
	for (size_t i = 0; i < COUNT(places); i++) {
		assert_int_equal(reader_read(&dev.reader, got, (size_t)places[i][1], places[i][0], &err),
			CAUSE_DEVICE);
		assert_non_null(strstr(err.text, "truncated?"));
	}
	blkdev_close(&dev);
}

/* The file gets shorter after it was measured. */
static void a_file_cut_meanwhile_is_read_on(void **state)
{
	static uint8_t got[8192];
	const char *path = file_of(5000);
	struct blkdev dev;
	struct error err;

	(void)state;
	assert_int_equal(find_open(path, &dev, &err), CAUSE_OK);
	assert_int_equal(truncate(path, 3000), 0);
	assert_int_equal(reader_read(&dev.reader, got, 4000, 0, &err), CAUSE_DEVICE);
	assert_non_null(strstr(err.text, "ended at byte 3000 while it was read"));
	assert_int_equal(reader_read(&dev.reader, got, 3000, 0, &err), CAUSE_OK);
	blkdev_close(&dev);
}

/* The path is exchanged after it was opened: the descriptor decides. */
static void the_path_is_opened_again(void **state)
{
	const char *path = file_of(5000), *other = in_folder("other");
	uint8_t got;
	struct blkdev dev;
	struct error err;
	FILE *file;

	(void)state;
	assert_int_equal(find_open(path, &dev, &err), CAUSE_OK);
	file = fopen(other, "wb");
	assert_non_null(file);
	for (int i = 0; i < 5000; i++)
		fputc('!', file);
	fclose(file);
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(reader_read(&dev.reader, &got, 1, 1, &err), CAUSE_OK);
	assert_int_equal(got, 7);
	blkdev_close(&dev);
}

static void a_device_is_opened_for_writing(void **state)
{
	struct blkdev dev;
	struct error err;

	(void)state;
	assert_int_equal(find_open(file_of(512), &dev, &err), CAUSE_OK);
	assert_int_equal(fcntl(dev.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_true(fcntl(dev.fd, F_GETFD) & FD_CLOEXEC);
	blkdev_close(&dev);
}

static void an_empty_file_is_an_error_of_its_own(void **state)
{
	struct blkdev dev;
	struct error err;

	(void)state;
	assert_int_equal(find_open(file_of(0), &dev, &err), CAUSE_OK);
	assert_true(dev.reader.size_bytes == 0);
	blkdev_close(&dev);
}

static void a_size_over_2_GiB_is_cut(void **state)
{
	const char *path = file_of(0);
	uint8_t got = 1;
	struct blkdev dev;
	struct error err;

	(void)state;
	if (truncate(path, (off_t)5 << 30))
		skip();
	assert_int_equal(find_open(path, &dev, &err), CAUSE_OK);
	assert_true(dev.reader.size_bytes == UINT64_C(5) << 30);
	assert_int_equal(reader_read(&dev.reader, &got, 1, (UINT64_C(5) << 30) - 1, &err), CAUSE_OK);
	assert_int_equal(got, 0);
	blkdev_close(&dev);
}

static void a_folder_is_opened(void **state)
{
	(void)state;
	fails(folder, CAUSE_DEVICE, ": is a directory, not a block device or file");
}

static void an_absent_file_is_opened(void **state)
{
	(void)state;
	fails(in_folder("absent"), CAUSE_DEVICE, "absent: cannot be opened: No such file");
	fails("", CAUSE_DEVICE, "cannot be opened");
	fails(in_folder("file/below"), CAUSE_DEVICE, "cannot be opened");
}

static void a_FIFO_hangs(void **state)
{
	const char *path = in_folder("fifo");

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	fails(path, CAUSE_DEVICE, "is a special file, not a block device or file");
}

static void a_character_device_is_opened(void **state)
{
	(void)state;
	fails("/dev/null", CAUSE_DEVICE, "is a special file, not a block device or file");
}

static void an_unknown_kind_of_name_is_taken_for_a_path(void **state)
{
	(void)state;
	fails("PARTUUID=no-such-partition", CAUSE_DEVICE, "no device found");
}

static void a_control_character_in_a_name_reaches_the_terminal(void **state)
{
	struct blkdev dev;
	struct error err;

	(void)state;
	assert_int_equal(find_open("/dev/a\033[2J\n", &dev, &err), CAUSE_DEVICE);
	assert_string_equal(dev.name, "/dev/a\\x1b[2J\\x0a");
	assert_null(strchr(err.text, 033));
}

static void a_long_name_runs_over_its_field(void **state)
{
	char spec[2000];

	(void)state;
	memset(spec, '\n', sizeof(spec) - 1);
	spec[sizeof(spec) - 1] = 0;
	fails(spec, CAUSE_DEVICE, "too long");
	spec[200] = 0;
	fails(spec, CAUSE_DEVICE, "cannot be opened");
}

static void a_file_is_called_in_use(void **state)
{
	struct blkdev dev;
	struct error err;

	(void)state;
	assert_int_equal(find_open(file_of(512), &dev, &err), CAUSE_OK);
	assert_int_equal(blkdev_check_free(&dev, &err), CAUSE_OK);
	blkdev_close(&dev);
}

/* --- a real block device, where there is one ------------------------------------------------- */

static char block_path[300];

/* One with a size, or one without: a loop device that is not used. */
static bool find_block_device(bool sized)
{
	DIR *dir = opendir("/sys/class/block");
	const struct dirent *e;
	bool found = false;

	while (dir && !found && (e = readdir(dir))) {
		int fd;

		snprintf(block_path, sizeof(block_path), "/dev/%s", e->d_name);
		fd = e->d_name[0] == '.' ? -1 : open(block_path, O_RDONLY | O_CLOEXEC);
		found = fd >= 0 && (lseek(fd, 0, SEEK_END) > 0) == sized;
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool note_watch(dev_t device, const char *name)
{
	watched = device && name;
	return true;
}

static void a_drive_is_questioned_where_its_stall_is_not_noticed(void **state)
{
	struct blkdev dev;
	struct error err;

	(void)state;
	unwatched = discs = 0;
	blkdev_tell(note_watch);
	if (!blkdev_open_path(block_path, &dev, &err))
		blkdev_close(&dev);
	blkdev_tell(NULL);
	assert_true(dev.is_block);
	assert_int_equal(unwatched, 0);
	assert_false(watched);
	/* Old kernels log it when it is a partition that is asked. */
	assert_int_equal(discs, dev.major == SCSI_CDROM_MAJOR);
}

static void a_drive_without_a_disc_is_read_or_one_with_a_disc_is_not(void **state)
{
	static const struct {
		int says;
		bool is_empty;
	} drives[] = {{CDS_NO_DISC, true}, {CDS_TRAY_OPEN, true}, {CDS_DRIVE_NOT_READY, true},
		{CDS_DISC_OK, false}, {-1, false}};
	const struct blkdev drive = {.fd = -1, .major = SCSI_CDROM_MAJOR}, disk = {.fd = -1, .major = 8};

	(void)state;
	for (size_t i = 0; i < COUNT(drives); i++) {
		drive_says = drives[i].says;
		assert_int_equal(is_empty_drive(&drive), drives[i].is_empty);
		assert_false(is_empty_drive(&disk));
	}
	drive_says = 0;
}

/* A loop device of a file, which goes with its last user. */
static int loop_fd = -1;

static bool make_block_device(void)
{
	char command[600];
	FILE *f;

	snprintf(command, sizeof(command), "losetup -f --show %s 2>/dev/null", file_of(4096));
	f = popen(command, "r");
	if (!f)
		return false;
	if (fgets(block_path, sizeof(block_path), f))
		block_path[strcspn(block_path, "\n")] = 0;
	if (pclose(f))
		return false;
	loop_fd = open(block_path, O_RDONLY | O_CLOEXEC);
	snprintf(command, sizeof(command), "losetup -d %s", block_path);
	return !system(command) && loop_fd >= 0;
}

static void a_drive_without_a_medium_is_read(void **state)
{
	(void)state;
	assert_true(find_block_device(false));
	fails(block_path, CAUSE_DEVICE, "cannot be opened: No medium found");
}

static void the_number_of_a_block_device_is_wrong(void **state)
{
	struct blkdev dev;
	struct error err;
	struct stat st;

	(void)state;
	assert_int_equal(stat(block_path, &st), 0);
	if (find_open(block_path, &dev, &err))
		fail_msg("%s", err.text);
	assert_true(dev.is_block);
	assert_int_equal(dev.major, major(st.st_rdev));
	assert_int_equal(dev.minor, minor(st.st_rdev));
	assert_int_equal(lseek(dev.fd, 0, SEEK_END) == (off_t)dev.reader.size_bytes, 1);
	blkdev_close(&dev);
}

static void a_held_block_device_is_called_free(void **state)
{
	struct blkdev dev;
	struct error err;
	int holder;

	(void)state;
	if (find_open(block_path, &dev, &err))
		fail_msg("%s", err.text);
	holder = open(block_path, O_RDONLY | O_CLOEXEC | O_EXCL);
	/* Held by us, or by somebody else already. */
	assert_int_equal(blkdev_check_free(&dev, &err), CAUSE_EXISTS);
	assert_non_null(strstr(err.text, "is in use: mounted, or part of another mapping"));
	if (holder >= 0) {
		close(holder);
		assert_int_equal(blkdev_check_free(&dev, &err), CAUSE_OK);
		/* and the claim was given back */
		assert_int_equal(blkdev_check_free(&dev, &err), CAUSE_OK);
	}
	blkdev_close(&dev);
}

int main(void)
{
	char command[64];
	bool empty;
	int failed;

	if (!mkdtemp(folder))
		return 1;
	ROW(a_file_is_read_from_another_place);
	ROW(bytes_beyond_the_end_are_read);
	ROW(a_file_cut_meanwhile_is_read_on);
	ROW(the_path_is_opened_again);
	ROW(a_device_is_opened_for_writing);
	ROW(an_empty_file_is_an_error_of_its_own);
	ROW(a_size_over_2_GiB_is_cut);
	ROW(a_folder_is_opened);
	ROW(an_absent_file_is_opened);
	ROW(a_FIFO_hangs);
	ROW(a_character_device_is_opened);
	ROW(an_unknown_kind_of_name_is_taken_for_a_path);
	ROW(a_control_character_in_a_name_reaches_the_terminal);
	ROW(a_long_name_runs_over_its_field);
	ROW(a_file_is_called_in_use);
	ROW(a_drive_without_a_disc_is_read_or_one_with_a_disc_is_not);
	empty = find_block_device(false);
	if (find_block_device(true) || make_block_device()) {
		ROW(the_number_of_a_block_device_is_wrong);
		ROW(a_held_block_device_is_called_free);
		ROW(a_drive_is_questioned_where_its_stall_is_not_noticed);
	} else {
		row_skip("the_number_of_a_block_device_is_wrong", "no block device to open here");
		row_skip("a_held_block_device_is_called_free", "no block device to open here");
		row_skip("a_drive_is_questioned_where_its_stall_is_not_noticed",
			"no block device to open here");
	}
	if (empty) /* the last one: block_path is another device */
		ROW(a_drive_without_a_medium_is_read);
	else
		row_skip("a_drive_without_a_medium_is_read", "each block device here has a size");
	failed = rows_run("blkdev");
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) || failed;
}
