/* SPDX-License-Identifier: MIT */
/* lines - see lines.h. */
#include "preflight/lines.h"
#include "base/file.h"
#include "base/text.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool lines_map(struct span *file, const char *folder, const char *name)
{
	char path[4096];
	struct stat st;
	void *map = MAP_FAILED;
	int fd = text_join(path, sizeof(path), folder, "/", name)
	                 ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
	                 : -1;

	*file = (struct span){"", 0};
	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0)
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return false;
	*file = (struct span){map, (size_t)st.st_size};
	return true;
}

bool lines_read(struct span *file, const char *path, char *buf, size_t size)
{
	(void)file_read(path, buf, size);
	*file = (struct span){buf, strlen(buf)};
	return file->len > 0;
}

bool lines_next(struct span *rest, char end, struct span *line)
{
	const char *stop;

	if (!rest->len)
		return false;
	stop = memchr(rest->at, end, rest->len);
	*line = (struct span){rest->at, stop ? (size_t)(stop - rest->at) : rest->len};
	rest->at += line->len;
	rest->len -= line->len;
	if (stop) {
		rest->at++;
		rest->len--;
	}
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool lines_word(struct span *line, struct span *word)
{
	while (line->len && is_blank(*line->at)) {
		line->at++;
		line->len--;
	}
	*word = (struct span){line->at, 0};
	while (line->len && !is_blank(*line->at)) {
		line->at++;
		line->len--;
		word->len++;
	}
	return word->len > 0;
}

bool span_is(struct span s, const char *text)
{
	return s.len == strlen(text) && !memcmp(s.at, text, s.len);
}

bool span_begins(struct span s, const char *text)
{
	return s.len >= strlen(text) && !memcmp(s.at, text, strlen(text));
}

struct span span_base(struct span path)
{
	for (size_t i = path.len; i; i--)
		if (path.at[i - 1] == '/')
			return (struct span){path.at + i, path.len - i};
	return path;
}

struct span span_module(struct span path)
{
	struct span name = span_base(path);

	for (size_t i = 0; i + 3 <= name.len; i++)
		if (!memcmp(name.at + i, ".ko", 3) &&
			(i + 3 == name.len || name.at[i + 3] == '.' || name.at[i + 3] == ':'))
			return (struct span){name.at, i};
	return name;
}

static char one_dash(char c)
{
	return c == '-' ? '_' : c;
}

bool span_same_module(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (one_dash(a.at[i]) != one_dash(b.at[i]))
			return false;
	return true;
}
