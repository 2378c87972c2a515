/* SPDX-License-Identifier: MIT */
/* folder - see folder.h. */
#include "base/folder.h"
#include "base/os.h"
#include <fcntl.h>
#include <string.h>

/* A record of getdents64(2): 8 bytes inode, 8 bytes offset, 2 bytes length, 1 byte type, the name. */
enum { LENGTH_OFF = 16, NAME_OFF = 19 };

void folder_take(struct folder *f, int fd)
{
	f->at = f->end = 0;
	f->fd = fd;
}

bool folder_open(struct folder *f, const char *path)
{
	folder_take(f, os_open(path, O_RDONLY | O_DIRECTORY));
	return f->fd >= 0;
}

const char *folder_next_of_all(struct folder *f)
{
	for (;;) {
		const char *name;
		uint16_t length;
		long n;

		if (f->at >= f->end) {
			n = syscall(SYS_getdents64, f->fd, f->buffer, sizeof(f->buffer));
			if (n <= 0)
				return NULL;
			f->at = 0;
			f->end = (size_t)n;
		}
		memcpy(&length, f->buffer + f->at + LENGTH_OFF, sizeof(length));
		name = (const char *)f->buffer + f->at + NAME_OFF;
		f->at += length;
		if (strcmp(name, ".") && strcmp(name, ".."))
			return name;
	}
}

const char *folder_next(struct folder *f)
{
	const char *name;

	do
		name = folder_next_of_all(f);
	while (name && *name == '.');
	return name;
}

void folder_close(struct folder *f)
{
	close(f->fd);
}
