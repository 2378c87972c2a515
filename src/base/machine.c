/* SPDX-License-Identifier: MIT */
/* machine - see machine.h. */
#include "base/machine.h"
#include "base/text.h"
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* The number that @text goes on with, behind blanks; *@text moves behind it. */
static uint64_t number(const char **text)
{
	const char *p = *text + strspn(*text, " \t");
	uint64_t n = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	*text = p;
	return n;
}

/* The number behind @label at the start of a line of @text; false when it is not there. */
static bool find_kib(const char *text, const char *label, uint64_t *kib)
{
	const char *p = text_find(text, label);

	if (!p)
		return false;
	p += strlen(label);
	*kib = number(&p);
	return true;
}

/* The text of @path, in @text; false when it cannot be had. */
static bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0;
}

/* Swap that is memory itself, compressed: what Argon2 fills memory with cannot be. */
static uint64_t zram_free_kib(char *text, size_t size)
{
	const char *p = read_text("/proc/swaps", text, size) ? text : "";
	uint64_t sum = 0;

	while ((p = text_find(p, "/zram")) && (p = text_find(p, "partition"))) {
		p += strlen("partition");
		sum += number(&p);
		sum -= number(&p);
	}
	return sum;
}

uint64_t machine_memory_available_kib(void)
{
	char text[2048];
	uint64_t available, swap = 0, zram;

	if (!read_text("/proc/meminfo", text, sizeof(text)) || !find_kib(text, "\nMemAvailable:", &available))
		return UINT64_MAX;
	(void)find_kib(text, "\nSwapFree:", &swap);
	if (!swap)
		return available;
	zram = zram_free_kib(text, sizeof(text));
	return available + (zram < swap ? swap - zram : 0);
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
