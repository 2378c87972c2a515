/* SPDX-License-Identifier: MIT */
/* file - see file.h. */
#include "base/file.h"
#include "base/os.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

ssize_t file_read(const char *path, void *buf, size_t size)
{
	uint8_t *text = buf, more;
	size_t used = 0;
	ssize_t n = 1;
	int fd = os_open(path, O_RDONLY | O_NOCTTY);

	*text = 0;
	if (fd < 0)
		return -1;
	while (n > 0 && used < size - 1) {
		n = read(fd, text + used, size - 1 - used);
		used += n > 0 ? (size_t)n : 0;
	}
	if (n > 0 && read(fd, &more, 1) > 0) {
		errno = EFBIG;
		n = -1;
	} else if (n < 0) {
		used = 0;
	}
	text[used] = 0;
	close(fd);
	return n < 0 ? -1 : (ssize_t)used;
}
