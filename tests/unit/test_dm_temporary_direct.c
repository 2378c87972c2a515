/* SPDX-License-Identifier: MIT */
/* What a temporary mapping shows is a split key: it is read past the page cache, where that can be had. */
#include "dm/node.h"
#include "dm/temporary.h"
#include "fake_kernel.h"
#include "rows.h"
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

enum { SECTORS = 8, FD = 1000 };

static uint8_t there[SECTORS * 512], out[SECTORS * 512 + 1];
/* Of the device: what it does with O_DIRECT, and how often it was read with and without. */
static struct {
	bool cannot, refuses;
	size_t most; /* bytes in one read; 0: any */
	int flags;
	unsigned direct, cached;
} dev;

int node_open_private(uint64_t number, const char *name)
{
	(void)number;
	(void)name;
	return FD;
}

int fcntl(int fd, int command, ...)
{
	va_list args;
	int flags;

	assert_int_equal(fd, FD);
	if (command == F_GETFL)
		return dev.flags;
	assert_int_equal(command, F_SETFL);
	va_start(args, command);
	flags = va_arg(args, int);
	va_end(args);
	if (dev.cannot && flags & O_DIRECT) {
		errno = EINVAL;
		return -1;
	}
	dev.flags = flags;
	return 0;
}

/* As the kernel does it: with O_DIRECT address, place and length are multiples of the sector. */
ssize_t pread(int fd, void *buf, size_t len, off_t off)
{
	bool direct = dev.flags & O_DIRECT;

	assert_int_equal(fd, FD);
	dev.direct += direct;
	dev.cached += !direct;
	if (direct && (dev.refuses || (uintptr_t)buf % 4096 || off % 512 || len % 512)) {
		errno = EINVAL;
		return -1;
	}
	if (dev.most && len > dev.most)
		len = dev.most;
	assert_true((size_t)off + len <= sizeof(there));
	memcpy(buf, there + off, len);
	return (ssize_t)len;
}

static void read_it(bool cannot, bool refuses, size_t most)
{
	static uint8_t key[32] = {1};
	struct target t = {.size_sectors = SECTORS,
		.cipher = "serpent-xts-plain64",
		.major = 7,
		.minor = 1,
		.off_sectors = 64,
		.sector_bytes = 512};
	struct fake_kernel *f = fake_new();
	struct error err = {.text = ""};

	memset(&dev, 0, sizeof(dev));
	dev.cannot = cannot;
	dev.refuses = refuses;
	dev.most = most;
	memset(out, 0x77, sizeof(out));
	/* Addresses of any kind will do: the caller's, and where the arena stands. */
	assert_non_null(arena_alloc(64));
	if (temporary_read(&f->face, &t, (struct bytes){key, sizeof(key)}, out + 1, &err))
		fail_msg("%s", err.text);
	assert_memory_equal(out + 1, there, sizeof(there));
	assert_false(fake_arena_holds(there, 64));
	arena_release(0);
}

static void a_copy_of_the_split_key_stays_in_the_page_cache(void **state)
{
	(void)state;
	read_it(false, false, 0);
	assert_true(dev.direct == 1 && !dev.cached);
}

static void a_device_without_direct_reading_is_not_read(void **state)
{
	(void)state;
	read_it(true, false, 0);
	assert_true(!dev.direct && dev.cached == 1);
	read_it(false, true, 0);
	assert_true(dev.direct == 1 && dev.cached == 1);
}

/* What is left begins at any address. */
static void a_short_read_ends_the_reading(void **state)
{
	(void)state;
	read_it(false, false, 512);
	read_it(true, false, 100);
	assert_int_equal(dev.cached, (sizeof(there) + 99) / 100);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(there); i++)
		there[i] = (uint8_t)(i * 31 + i / 256 + 5);
	fake_arena();
	ROW(a_copy_of_the_split_key_stays_in_the_page_cache);
	ROW(a_device_without_direct_reading_is_not_read);
	ROW(a_short_read_ends_the_reading);
	return rows_run("dm_temporary_direct");
}
