/* SPDX-License-Identifier: MIT */
/* backup - header and keyslot areas, one snapshot, to a new file that cryptsetup can restore. */
#include "base/text.h"
#include "command/command.h"
#include "command/load.h"
#include "device/disk.h"
#include "unlock/notice.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096, PATH_BYTES = 4096 };

/* Where the keyslot areas end; for LUKS1 on a page, as cryptsetup wants its backups. */
static uint64_t header_end(const struct luks *luks, uint64_t device_bytes)
{
	uint64_t end = luks_keyslots_end(luks);

	if (luks->version == 2)
		return end;
	/* Areas behind the end of the device make the read fail; the room up to a page need not be there. */
	if (end > device_bytes)
		return end;
	end = (end + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
	return end < device_bytes ? end : device_bytes;
}

/* The folder that @path is in, into @dir. */
static void folder_of(const char *path, char dir[static PATH_BYTES])
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (!slash || len >= PATH_BYTES)
		text_format(dir, PATH_BYTES, ".");
	else if (!len)
		text_format(dir, PATH_BYTES, "/");
	else
		memcpy(dir, path, len), dir[len] = 0;
}

/* The name of a new file is on the disk only when its folder is. */
static enum cause sync_folder(const char *path, struct error *err)
{
	char dir[PATH_BYTES];
	enum cause cause = CAUSE_OK;
	int fd;

	folder_of(path, dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		cause = error_set_os(err, CAUSE_DEVICE, errno, "%s: its folder cannot be synced", path);
	if (fd >= 0)
		close(fd);
	return cause;
}

/* Read the file again, past the page cache where the kernel lets us, and compare. */
static enum cause read_back(const char *path, const uint8_t *data, size_t len, struct error *err)
{
	uint8_t piece[PAGE_BYTES];
	enum cause cause = CAUSE_OK;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_set_os(err, CAUSE_DEVICE, errno, "%s: cannot be read back", path);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	for (size_t at = 0; !cause && at < len; at += sizeof(piece)) {
		size_t want = len - at < sizeof(piece) ? len - at : sizeof(piece);

		if (pread(fd, piece, want, (off_t)at) != (ssize_t)want || memcmp(piece, data + at, want))
			cause = error_set(err, CAUSE_DEVICE, "%s: does not read back as it was written",
				path);
	}
	close(fd);
	return cause;
}

static enum cause write_file(const char *path, const uint8_t *data, size_t len, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum cause cause = CAUSE_OK;

	if (fd < 0 && errno == EEXIST)
		return error_set(err, CAUSE_EXISTS, "%s: exists; a backup only goes to a new file", path);
	if (fd < 0)
		return error_set_os(err, CAUSE_DEVICE, errno, "%s: cannot be created", path);
	if (!text_write(fd, data, len) || fsync(fd))
		cause = error_set_os(err, CAUSE_DEVICE, errno, "%s: cannot be written", path);
	if (close(fd) && !cause)
		cause = error_set_os(err, CAUSE_DEVICE, errno, "%s: cannot be written", path);
	if (!cause)
		cause = read_back(path, data, len, err);
	if (!cause)
		cause = sync_folder(path, err);
	/* Half a backup is worse than none: somebody would trust it. */
	if (cause)
		(void)unlink(path);
	return cause;
}

/* The header is loaded from the snapshot, so that what was judged is what is copied. */
static enum cause check_snapshot(const uint8_t *data, size_t len, const struct luks_device *d,
	struct error *err)
{
	struct reader r = reader_memory(data, len, luks_device_header(d)->name);
	struct header_report report;
	struct luks luks;
	enum cause cause = header_load(&r, &luks, &report, err);

	if (!cause && report.note[0]) {
		place_advise(&d->place, &luks, report.advice, report.note);
		notice_print(report.note);
	}
	return cause;
}

static enum cause copy_header(const struct luks_device *d, const char *path, struct error *err)
{
	const struct reader *r = &luks_device_header(d)->reader;
	size_t len = (size_t)header_end(&d->luks, r->size_bytes);
	uint8_t *data = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	enum cause cause;

	if (data == MAP_FAILED)
		return error_set(err, CAUSE_RESOURCE, "no memory for a header of %llu bytes",
			(unsigned long long)len);
	cause = reader_read(r, data, len, 0, err);
	if (!cause)
		cause = check_snapshot(data, len, d, err);
	if (!cause)
		cause = write_file(path, data, len, err);
	if (!cause)
		text_print(1, "%llu bytes\n", (unsigned long long)len);
	munmap(data, len);
	return cause;
}

/* What makes the copy worth less than it seems. */
static void warn(const struct luks_device *d, const char *path)
{
	const struct blkdev *dev = luks_device_header(d);
	char dir[PATH_BYTES];

	/* It says which part of the data is under which key. */
	if (d->luks.reencryption)
		text_print(2, "latchkey: %s: fits the data only until the re-encryption goes on\n", path);
	folder_of(path, dir);
	if (disk_is_shared(dev, dir))
		text_print(2, "latchkey: %s: is on the same disk as %s; keep a copy elsewhere\n", path,
			dev->name);
}

enum cause command_backup(const struct options *o, struct error *err)
{
	struct luks_device d;
	enum cause cause = command_load(o, &d, err);

	if (cause)
		return cause;
	cause = copy_header(&d, o->args[1], err);
	if (!cause)
		warn(&d, o->args[1]);
	luks_device_close(&d);
	return cause;
}
