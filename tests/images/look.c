/* SPDX-License-Identifier: MIT */
/*
 * look - area_look over much data, for test_false_alarm. Prints "areas alarms".
 *
 *   look random SEED AREAS   that many areas of 256,000 random bytes
 *   look file PATH           the file as one area: how many sectors, how many bad, what it looks like
 */
#include "keyslot/area.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { AREA_BYTES = 256000 };

/* xoshiro256**, by Blackman and Vigna. */
static uint64_t s[4];

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

static uint64_t next(void)
{
	uint64_t result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

static int look_at_random(uint64_t seed, unsigned long areas)
{
	static uint64_t data[AREA_BYTES / 8];
	unsigned long alarms = 0;

	for (int i = 0; i < 4; i++)
		s[i] = (seed += 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;
	for (unsigned long n = 0; n < areas; n++) {
		for (size_t i = 0; i < AREA_BYTES / 8; i++)
			data[i] = next();
		alarms += area_look((const uint8_t *)data, AREA_BYTES, 32768).shape != AREA_RANDOM;
	}
	printf("%lu %lu\n", areas, alarms);
	return 0;
}

static int look_at_file(const char *path)
{
	struct area_look look;
	struct stat st;
	char text[160];
	uint8_t *data;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st))
		return 1;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return 1;
	look = area_look(data, (size_t)st.st_size, 32768);
	area_describe(&look, text, sizeof(text));
	printf("%u %u %s\n", look.sectors, look.bad_sectors, look.shape == AREA_RANDOM ? "random" : text);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "random"))
		return look_at_random(strtoull(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
	return argc == 3 && !strcmp(argv[1], "file") ? look_at_file(argv[2]) : 1;
}
