/* SPDX-License-Identifier: MIT */
/* machine - see machine.h. */
#include "preflight/machine.h"
#include "base/text.h"
#include <sys/stat.h>

bool machine_has_file(const struct machine *m, const char *path)
{
	char below[4096];
	struct stat st;

	if (m->image->given && m->image->has_files)
		return image_has_file(m->image, path);
	return text_join(below, sizeof(below), m->root, path, "") && !stat(below, &st);
}

uint64_t machine_free_at_boot_kib(const struct machine *m)
{
	uint64_t taken = m->memory_kib / 8, image = m->image->bytes >> 10;

	taken = (image > taken ? image : taken) + (16 << 10);
	return m->memory_kib > taken ? m->memory_kib - taken : 0;
}
