/* SPDX-License-Identifier: MIT */
/* devices - see devices.h. */
#include "init/devices.h"
#include "base/folder.h"
#include "base/text.h"
#include "init/console.h"
#include "device/sysblock.h"
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYS_BLOCK "/sys/class/block"

static size_t describe(char *buf, size_t size, const char *name, uint64_t sectors)
{
	bool small = sectors < 1024ULL * 2048;

	return text_format(buf, size, " %s (%llu %s)", name,
		(unsigned long long)(small ? sectors >> 11 : sectors >> 21), small ? "MiB" : "GiB");
}

void devices_say(void)
{
	char list[900] = " none";
	struct folder folder;
	const char *name;
	size_t used = 0;

	if (folder_open(&folder, SYS_BLOCK)) {
		while ((name = folder_next(&folder))) {
			uint64_t sectors = sysblock_number(name, "size", 0); /* of 512 bytes */

			if (sectors) /* loop devices and empty card readers have none */
				used += describe(list + used, sizeof(list) - used, name, sectors);
		}
		folder_close(&folder);
	}
	console_say("block devices:%s", list);
}

bool devices_is_block(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISBLK(st.st_mode);
}

bool devices_are_same(const char *a, const char *b)
{
	struct stat sa, sb;

	return !stat(a, &sa) && !stat(b, &sb) && S_ISBLK(sa.st_mode) && S_ISBLK(sb.st_mode) &&
	       sa.st_rdev == sb.st_rdev;
}
