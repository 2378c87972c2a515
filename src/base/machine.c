/* SPDX-License-Identifier: MIT */
/* machine - see machine.h. */
#include "base/machine.h"
#include "base/file.h"
#include "base/text.h"
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* The number behind @label at the start of a line of @text; false when it is not there. */
static bool find_kib(const char *text, const char *label, uint64_t *kib)
{
	const char *p = text_find(text, label);

	if (!p)
		return false;
	*kib = 0;
	for (p += strlen(label); *p == ' '; p++)
		;
	for (; *p >= '0' && *p <= '9'; p++)
		*kib = *kib * 10 + (uint64_t)(*p - '0');
	return true;
}

/* The text of @path in @text, with a newline in front; false when there is none. */
static bool read_text(const char *path, char *text, size_t size)
{
	text[0] = '\n';
	return file_read(path, text + 1, size - 1) > 0 || errno == EFBIG;
}

/* UINT64_MAX when it cannot be read. */
static uint64_t read_kib(const char *label)
{
	char text[2048];
	uint64_t kib;

	return read_text("/proc/meminfo", text, sizeof(text)) && find_kib(text, label, &kib) ? kib
	                                                                                     : UINT64_MAX;
}

uint64_t machine_memory_available_kib(void)
{
	return read_kib("\nMemAvailable:");
}

uint64_t machine_disk_swap_kib(void)
{
	char text[2048];
	uint64_t kib = read_kib("\nSwapFree:");

	/* Which part of it is free is not asked. */
	if (kib == UINT64_MAX ||
		(kib && read_text("/proc/swaps", text, sizeof(text)) && text_find(text, "/zram")))
		return 0;
	return kib;
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	while ((text = text_find(text, what))) {
		text++;
		n++;
	}
	return n;
}

bool machine_swaps_to_disk(void)
{
	char text[2048];
	uint64_t kib = read_kib("\nSwapFree:");

	if (kib == UINT64_MAX || !kib)
		return false;
	/* Each line but the first begins with a path. */
	return !read_text("/proc/swaps", text, sizeof(text)) || count(text, "\n/") > count(text, "/zram");
}

uint64_t machine_memory_total_kib(void)
{
	return read_kib("\nMemTotal:");
}

unsigned machine_processors(void)
{
	cpu_set_t set;
	int n;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	n = CPU_COUNT(&set);
	return n > 0 ? (unsigned)n : 1;
}
