/* SPDX-License-Identifier: MIT */
/* A mapping for a moment: read-only, unannounced, and gone on every path. */
#include "dm/temporary.h"
#include "fake_kernel.h"
#include "fake_kernel_dev.h"
#include <dirent.h>

enum { SECTORS = 8 };

static uint8_t key[32];
static char hex[65], line[256];
static uint8_t out[SECTORS * 512];
/* A block device here that has some sectors, and what is in them; 0: none */
static uint64_t real_dev;
static uint8_t there[SECTORS * 512];

static uint64_t packed(unsigned major, unsigned minor)
{
	return (minor & 0xff) | (uint64_t)major << 8 | (uint64_t)(minor & ~0xffu) << 12;
}

/* The number that this kernel gives is nobody's. */
static struct fake_kernel *fresh(void)
{
	struct fake_kernel *f = fake_new();

	f->dev = packed(4095, 1048575);
	return f;
}

static struct target target(void)
{
	return (struct target){
		.size_sectors = SECTORS,
		.cipher = "serpent-xts-plain64",
		.major = 7,
		.minor = 1,
		.off_sectors = 64,
		.sector_bytes = 512,
	};
}

static void nothing_is_left(const struct fake_kernel *f, const struct error *err)
{
	assert_false(f->device.exists);
	assert_true(f->other.exists);
	assert_int_equal(f->key_id, 0);
	assert_false(f->signals_open);
	assert_false(fake_arena_holds(key, 16));
	assert_false(fake_arena_holds(hex, 32));
	assert_int_equal(arena_mark(), 0);
	assert_null(strstr(err->text, hex));
	/* No node by the name that the mapping had. */
	for (unsigned i = 0; i < f->count; i++) {
		char path[192];

		if (f->calls[i].request != DM_DEV_CREATE)
			continue;
		text_format(path, sizeof(path), "/dev/%s", (const char *)f->calls[i].buffer + AT_NAME);
		assert_int_equal(access(path, F_OK), -1);
		text_format(path, sizeof(path), "/dev/mapper/%s", (const char *)f->calls[i].buffer + AT_NAME);
		assert_int_equal(access(path, F_OK), -1);
	}
}

/* The calls up to the reading, byte for byte; @name gets the mapping's. */
static void the_way_there_is_right(const struct fake_kernel *f, char name[128])
{
	text_format(name, 128, "%s", (const char *)f->calls[0].buffer + AT_NAME);
	assert_int_equal(strncmp(name, "temporary-latchkey-", 19), 0);
	for (const char *p = name; *p; p++)
		assert_non_null(strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *p));
	fake_expected(fake_want, 0, 0, name);
	text_format((char *)fake_want + AT_UUID, 129, "CRYPT-TEMP-%s", name);
	fake_sent(f, 0, DM_DEV_CREATE);
	fake_expected(fake_want, FLAG_EXISTS | FLAG_PERSISTENT_DEV | FLAG_SECURE_DATA | FLAG_READONLY, f->dev,
		"");
	fake_expected_target(fake_want, SECTORS, line);
	fake_sent(f, 1, DM_TABLE_LOAD);
	/* udev must not look into it: no subsystem, disk or other rules */
	fake_expected(fake_want, FLAG_EXISTS | FLAG_PERSISTENT_DEV, f->dev, "");
	fake_put32(fake_want + AT_EVENT_NR, 0x004e0000);
	fake_sent(f, 2, DM_DEV_SUSPEND);
}

static void the_calls_are_wrong(void **state)
{
	struct fake_kernel *f = fresh();
	struct target t = target();
	struct error err = {.text = ""};
	char name[128];

	(void)state;
	/* No such device is behind the number that the fake gives: the reading fails. */
	assert_int_equal(temporary_read(&f->face, &t, (struct bytes){key, sizeof(key)}, out, &err),
		CAUSE_KERNEL);
	assert_non_null(strstr(err.text, "a temporary mapping cannot be opened"));
	the_way_there_is_right(f, name);
	fake_expected(fake_want, FLAG_EXISTS, 0, name);
	fake_put32(fake_want + AT_EVENT_NR, 0x00400000);
	fake_sent(f, 3, DM_DEV_REMOVE);
	assert_int_equal(f->count, 4);
	nothing_is_left(f, &err);
}

static void two_mappings_have_the_same_name(void **state)
{
	char first[128], second[128];
	struct target t = target();
	struct error err;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct fake_kernel *f = fresh();

		(void)!temporary_read(&f->face, &t, (struct bytes){key, sizeof(key)}, out, &err);
		text_format(i ? second : first, 128, "%s", (const char *)f->calls[0].buffer + AT_NAME);
	}
	assert_string_not_equal(first, second);
}

/* --- each call failed in turn -------------------------------------------------------------------- */

static const struct failure {
	const char *name;
	int at, os_errno;
	enum cause cause;
} failures[] = {
	{"a name in use leaves something", 0, EBUSY, CAUSE_EXISTS},
	{"a refused creation leaves something", 0, EPERM, CAUSE_KERNEL},
	{"no memory for the creation leaves something", 0, ENOMEM, CAUSE_KERNEL},
	{"a busy data device leaves something", 1, EBUSY, CAUSE_EXISTS},
	{"a missing cipher leaves something", 1, ENOENT, CAUSE_KERNEL},
	{"a refused table leaves something", 1, EINVAL, CAUSE_KERNEL},
	{"no memory for the load leaves something", 1, ENOMEM, CAUSE_RESOURCE},
	{"a refused resume leaves something", 2, EINVAL, CAUSE_KERNEL},
	{"no memory for the resume leaves something", 2, ENOMEM, CAUSE_KERNEL},
	{"an interrupted creation leaves something", 0, EINTR, CAUSE_KERNEL},
	{"an interrupted load leaves something", 1, EINTR, CAUSE_KERNEL},
	{"an interrupted resume leaves something", 2, EINTR, CAUSE_KERNEL},
	{"a device that udev looks at is left", 3, EBUSY, CAUSE_KERNEL},
	{"an interrupted removal leaves something", 3, EINTR, CAUSE_KERNEL},
};

static void failure_is_undone(void **state)
{
	const struct failure *t = *state;
	struct fake_kernel *f = fresh();
	struct target target_read = target();
	struct error err = {.text = ""};

	f->fail_at = t->at;
	f->fail_errno = t->os_errno;
	f->fail_times = 1;
	assert_int_equal(temporary_read(&f->face, &target_read, (struct bytes){key, sizeof(key)}, out, &err),
		t->cause);
	nothing_is_left(f, &err);
}

static void the_signals_stay_blocked(void **state)
{
	struct fake_kernel *f = fresh();
	struct target t = target();
	struct error err;
	sigset_t now;

	(void)state;
	(void)!temporary_read(&f->face, &t, (struct bytes){key, sizeof(key)}, out, &err);
	sigprocmask(SIG_BLOCK, NULL, &now);
	assert_false(sigismember(&now, SIGTERM));
}

/* --- with a real device behind the number ----------------------------------------------------------- */

static void the_bytes_are_not_what_the_device_gives(void **state)
{
	struct fake_kernel *f = fake_new();
	struct target t = target();
	struct error err = {.text = ""};
	char name[128];

	(void)state;
	f->dev = real_dev;
	memset(out, 0x77, sizeof(out));
	if (temporary_read(&f->face, &t, (struct bytes){key, sizeof(key)}, out, &err))
		fail_msg("%s", err.text);
	the_way_there_is_right(f, name);
	assert_memory_equal(out, there, sizeof(out));
	nothing_is_left(f, &err);
}

/* Left behind it would show the keys' area in the clear: that is no success. */
static void a_mapping_that_stays_is_called_success(void **state)
{
	struct fake_kernel *f = fresh();
	struct target t = target();
	struct error err = {.text = ""};

	(void)state;
	f->dev = real_dev;
	f->fail_request = DM_DEV_REMOVE;
	f->fail_errno = EBUSY;
	f->fail_times = 1000000;
	assert_int_equal(temporary_read(&f->face, &t, (struct bytes){key, sizeof(key)}, out, &err),
		CAUSE_EXISTS);
	assert_non_null(strstr(err.text, "is in use"));
}

/* Before /dev is covered. */
static void find_real_device(void)
{
	DIR *dir = opendir("/sys/class/block");
	const struct dirent *e;

	while (dir && !real_dev && (e = readdir(dir))) {
		char path[300];
		struct stat st;
		FILE *file;

		snprintf(path, sizeof(path), "/dev/%s", e->d_name);
		file = e->d_name[0] == '.' ? NULL : fopen(path, "rb");
		if (file && fread(there, 1, sizeof(there), file) == sizeof(there) &&
			!fstat(fileno(file), &st))
			real_dev = packed(major(st.st_rdev), minor(st.st_rdev));
		if (file)
			fclose(file);
	}
	if (dir)
		closedir(dir);
}

int main(void)
{
	static const char no_device[] = "no block device to read here";
	const char *no_nodes;

	for (unsigned i = 0; i < sizeof(key); i++) {
		key[i] = (uint8_t)(i * 37 + 11);
		sprintf(hex + 2 * i, "%02x", key[i]);
	}
	sprintf(line, "serpent-xts-plain64 %s 0 7:1 64", hex);
	fake_arena();
	find_real_device();
	no_nodes = dev_private();
	if (!no_nodes)
		no_nodes = dev_nodes();
	ROW(the_signals_stay_blocked);
	for (size_t i = 0; i < COUNT(failures); i++)
		row(failures[i].name, failure_is_undone, &failures[i]);
	if (no_nodes) {
		row_skip("the_calls_are_wrong", no_nodes);
		row_skip("two_mappings_have_the_same_name", no_nodes);
	} else {
		ROW(the_calls_are_wrong);
		ROW(two_mappings_have_the_same_name);
	}
	if (real_dev && !no_nodes) {
		ROW(the_bytes_are_not_what_the_device_gives);
		ROW(a_mapping_that_stays_is_called_success);
	} else {
		row_skip("the_bytes_are_not_what_the_device_gives", no_device);
		row_skip("a_mapping_that_stays_is_called_success", no_device);
	}
	return rows_run("dm_temporary");
}
