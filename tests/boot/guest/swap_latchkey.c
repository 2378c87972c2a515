/* SPDX-License-Identifier: MIT */
/*
 * swap_latchkey - latchkey on a machine that swaps: to /dev/vdb, and to /dev/zram0 where there is one.
 *
 * A zram's pages are compressed memory, and what an Argon2 matrix holds cannot be compressed.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

enum { PAGE = 4096, ZRAM_BYTES = 512 << 20 };

static int put(const char *path, off_t at, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY);
	int done = fd >= 0 && pwrite(fd, data, len, at) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return done;
}

/* As mkswap(8) does it. */
static void make_zram(void)
{
	static char page[PAGE];
	uint32_t numbers[] = {1, ZRAM_BYTES / PAGE - 1};
	char size[32];

	memcpy(page + 1024, numbers, sizeof(numbers));
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	if (!put("/sys/block/zram0/disksize", 0, size, (size_t)sprintf(size, "%d", ZRAM_BYTES)) ||
		!put("/dev/zram0", 0, page, sizeof(page)) || swapon("/dev/zram0", 0))
		perror("zram0");
}

int main(int argc, char **argv)
{
	(void)argc;
	if (!access("/sys/block/zram0", F_OK))
		make_zram();
	else if (swapon("/dev/vdb", 0))
		perror("swapon");
	execv("/bin/latchkey.real", argv);
	return 98;
}
