/* SPDX-License-Identifier: MIT */
/* keyfile - see keyfile.h. */
#include "secret/keyfile.h"
#include "base/os.h"
#include "secret/arena.h"
#include "secret/wipe.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Read up to @want bytes, through short reads. Returns what came before the end, or -1. */
static ssize_t read_full(int fd, uint8_t *buf, size_t want)
{
	size_t have = 0;

	while (have < want) {
		ssize_t n = read(fd, buf + have, want - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

/* At most so much of the buffer is used for what is skipped. */
enum { SKIP_BYTES = 4096, FIRST_BYTES = 64 << 10 };

/* Pipes cannot seek: what is skipped passes through @scratch, which may hold secrets. */
static bool skip_by_reading(int fd, uint64_t count, uint8_t *scratch, size_t scratch_len)
{
	while (count) {
		size_t step = count < scratch_len ? (size_t)count : scratch_len;

		step = step < SKIP_BYTES ? step : SKIP_BYTES;
		if (read_full(fd, scratch, step) != (ssize_t)step)
			return false;
		count -= step;
	}
	return true;
}

static bool skip(int fd, uint64_t count, uint8_t *scratch, size_t scratch_len)
{
	if (!count || (count <= INT64_MAX && lseek(fd, (off_t)count, SEEK_CUR) >= 0))
		return true;
	return errno == ESPIPE && skip_by_reading(fd, count, scratch, scratch_len);
}

/*
 * From an open @fd to the end of the arena, at most @most bytes. Room for all of them is taken, and locked,
 * only for a file that needs more than FIRST_BYTES.
 */
static enum cause read_content(const struct keyfile *kf, int fd, size_t most, struct secret *out,
	struct error *err)
{
	size_t first = most < FIRST_BYTES ? most : FIRST_BYTES;
	enum cause cause = arena_get(&out->data, first, err);
	struct stat st;
	uint8_t *rest;
	ssize_t n;

	if (cause)
		return cause;
	if (!skip(fd, kf->offset_bytes, out->data, first))
		return error_set(err, CAUSE_USAGE, "key file %s: cannot skip to byte %llu", kf->path,
			(unsigned long long)kf->offset_bytes);
	n = read_full(fd, out->data, first);
	if (n == FIRST_BYTES && first < most) {
		cause = arena_get(&rest, most - first, err);
		if (cause)
			return cause;
		n = read_full(fd, rest, most - first);
		n = n < 0 ? n : n + FIRST_BYTES;
	}
	if (n < 0)
		return error_set_os(err, CAUSE_USAGE, errno, "key file %s: cannot be read", kf->path);
	if (kf->size_bytes && (uint64_t)n < kf->size_bytes)
		return error_set(err, CAUSE_USAGE,
			"key file %s: has %llu bytes from byte %llu on, %llu are needed", kf->path,
			(unsigned long long)n, (unsigned long long)kf->offset_bytes,
			(unsigned long long)kf->size_bytes);
	if (!kf->size_bytes && n > KEYFILE_MAX_BYTES)
		return error_set(err, CAUSE_USAGE, "key file %s: longer than %u KiB; set keyfile-size",
			kf->path, KEYFILE_MAX_BYTES >> 10);
	/* An empty file is an empty passphrase; a pipe or a device without a byte is an accident. */
	if (!n && (kf->offset_bytes || fstat(fd, &st) || !S_ISREG(st.st_mode)))
		return error_set(err, CAUSE_USAGE, "key file %s: is empty%s", kf->path,
			kf->offset_bytes ? " after its offset" : "");
	out->len = (size_t)n;
	return CAUSE_OK;
}

static enum cause open_source(const struct keyfile *kf, int *fd, struct error *err)
{
	struct stat st;

	if (!strcmp(kf->path, "-")) {
		*fd = STDIN_FILENO;
		return CAUSE_OK;
	}
	*fd = os_open(kf->path, O_RDONLY | O_NOCTTY);
	if (*fd < 0)
		return error_set_os(err, CAUSE_USAGE, errno, "key file %s: cannot be opened", kf->path);
	if (!fstat(*fd, &st) && S_ISDIR(st.st_mode)) {
		close(*fd);
		return error_set(err, CAUSE_USAGE, "key file %s: is a directory", kf->path);
	}
	return CAUSE_OK;
}

enum cause keyfile_read(const struct keyfile *kf, struct secret *out, struct error *err)
{
	/* One byte more than the limit, so that "too long" can be told from "just fits". */
	size_t most = kf->size_bytes ? (size_t)kf->size_bytes : KEYFILE_MAX_BYTES + 1, mark = arena_mark();
	enum cause cause;
	int fd;

	if (kf->size_bytes > KEYFILE_MAX_BYTES)
		return error_set(err, CAUSE_USAGE, "key file %s: at most %u KiB of it can be used", kf->path,
			KEYFILE_MAX_BYTES >> 10);
	cause = open_source(kf, &fd, err);
	if (cause)
		return cause;
	*out = (struct secret){.data = NULL};
	cause = read_content(kf, fd, most, out, err);
	if (cause)
		arena_release(mark);
	else
		arena_trim(out->data, out->len, out->len > SKIP_BYTES ? out->len : SKIP_BYTES);
	if (fd != STDIN_FILENO)
		close(fd);
	return cause;
}
