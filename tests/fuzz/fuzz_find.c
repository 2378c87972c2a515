/* SPDX-License-Identifier: MIT */
/*
 * Names of devices, what the kernel says of them, and what a disk says of itself: a name that is asked for,
 * an event,
 * then the attributes and the descriptors of a disk, each up to a NUL. All disks here have the same ones.
 */
#include "fuzz.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static struct fuzz_input attributes;
static int fuzz_open(const char *path, int flags);
#define open fuzz_open
#define readlink(path, text, size) fuzz_readlink(text, size)
static ssize_t fuzz_readlink(char *text, size_t size);
#define sysblock_text fuzz_attribute
#include "../../src/device/by_id.c"
#undef open
#undef readlink
#undef sysblock_text
#include "../../src/device/find.c"
#include "../../src/device/uevent.c"

bool fuzz_attribute(const char *name, const char *attribute, char text[static SYSBLOCK_TEXT_BYTES])
{
	(void)name;
	(void)attribute;
	fuzz_text(&attributes, text, SYSBLOCK_TEXT_BYTES);
	return *text;
}

static int fuzz_open(const char *path, int flags)
{
	int fd = memfd_create("page", 0);

	(void)path;
	(void)flags;
	/* Over and over, so that it is as long as what reads it has room for. */
	for (size_t n = 0; attributes.size && n < 512; n += attributes.size)
		(void)!write(fd, attributes.data, attributes.size);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static ssize_t fuzz_readlink(char *text, size_t size)
{
	char *all = malloc(size + 1);
	size_t len;

	fuzz_text(&attributes, all, size + 1);
	len = strlen(all);
	memcpy(text, all, len); /* without a NUL, as it is */
	free(all);
	return (ssize_t)len;
}

static void check_wanted(const char *spec)
{
	struct wanted w = {.found = 0};

	if (!is_wanted(spec, &w))
		return;
	fuzz_check(memchr(w.value, 0, sizeof(w.value)) && strlen(w.value) <= strlen(spec), "a name without "
		"an end");
	if (w.key == BY_PARTUUID && cut_part_offset(&w))
		fuzz_check(w.part_offset <= 255, "a partition that there cannot be");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	char spec[700], *event;
	size_t len = fuzz_byte(&in);

	fuzz_text(&in, spec, sizeof(spec));
	check_wanted(spec);
	len = len < in.size ? len : in.size;
	event = malloc(len + 1);
	memcpy(event, in.data, len);
	event[len] = 0;
	(void)is_block_event(event, len);
	free(event);
	attributes = (struct fuzz_input){in.data + len, in.size - len};
	(void)by_id_is("fuzz", spec);
	return 0;
}
