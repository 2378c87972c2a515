/* SPDX-License-Identifier: MIT */
/* image - see image.h. */
#include "preflight/image.h"
#include "base/folder.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIST_BYTES = 8 << 20, DEPTH_MAX = 32, PATH_BYTES = 4096 };

static char list[LIST_BYTES];
static size_t used;

static enum cause too_long(const char *path, struct error *err)
{
	return error_set(err, CAUSE_USAGE, "%s: more than %u bytes of names", path, (unsigned)LIST_BYTES);
}

/* --- a folder ----------------------------------------------------------------------------- */

/* All files below @path, whose first @root bytes are not theirs. */
static bool walk(struct image *image, char path[static PATH_BYTES], size_t root, int depth)
{
	struct folder folder;
	const char *name;
	size_t len = strlen(path);
	struct stat st;
	bool whole = true;

	if (depth == DEPTH_MAX || !folder_open(&folder, path))
		return true;
	while (whole && (name = folder_next(&folder))) {
		text_format(path + len, PATH_BYTES - len, "/%s", name);
		if (lstat(path, &st))
			continue;
		image->bytes += S_ISREG(st.st_mode) ? ((uint64_t)st.st_size + 4095) / 4096 * 4096 : 0;
		whole = used + strlen(path + root) + 2 < LIST_BYTES;
		if (whole)
			used += text_format(list + used, LIST_BYTES - used, "%s\n", path + root + 1);
		if (whole && S_ISDIR(st.st_mode))
			whole = walk(image, path, root, depth + 1);
	}
	path[len] = 0;
	folder_close(&folder);
	return whole;
}

static enum cause read_folder(struct image *image, const char *folder, struct error *err)
{
	char path[PATH_BYTES];

	text_format(path, sizeof(path), "%s", folder);
	image->has_files = true;
	return walk(image, path, strlen(path), 0) ? CAUSE_OK : too_long(folder, err);
}

/* --- a list ------------------------------------------------------------------------------- */

/* The name in a line: without ./ or / in front, what ls -l says of it, and where a link leads. */
static struct span name_of(struct span line)
{
	struct span word, name = line, rest = line;

	while (lines_word(&rest, &word) && !span_is(word, "->"))
		name = word;
	while (name.len > 1 && (name.at[0] == '/' || (name.at[0] == '.' && name.at[1] == '/'))) {
		name.at++;
		name.len--;
	}
	return name;
}

static bool is_in_bin(struct span path)
{
	struct span base = span_base(path);

	return path.len >= base.len + 4 && !memcmp(base.at - 4, "bin/", 4);
}

static enum cause read_list(struct image *image, const char *path, int fd, struct error *err)
{
	ssize_t n = 1;
	struct span rest, line;

	while (n > 0 && used < LIST_BYTES) {
		n = read(fd, list + used, LIST_BYTES - used);
		used += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		return error_set_os(err, CAUSE_USAGE, errno, "%s: cannot be read", path);
	/* An image itself would be found to lack everything, or, uncompressed, nothing. */
	if (memchr(list, 0, used))
		return error_set(err, CAUSE_USAGE,
			"%s: is not a list of files; lsinitramfs, lsinitrd or cpio -t prints one", path);
	if (used == LIST_BYTES)
		return too_long(path, err);
	for (rest = (struct span){list, used}; lines_next(&rest, '\n', &line);)
		image->has_files |= is_in_bin(name_of(line));
	return CAUSE_OK;
}

enum cause image_read(struct image *image, const char *path, struct error *err)
{
	enum cause cause;
	struct stat st;
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : dup(0);

	if (fd < 0 || fstat(fd, &st)) {
		cause = error_set_os(err, CAUSE_USAGE, errno, "%s: cannot be read", path);
	} else {
		cause = S_ISDIR(st.st_mode) ? read_folder(image, path, err) : read_list(image, path, fd, err);
		if (!cause && !used)
			cause = error_set(err, CAUSE_USAGE,
				"%s: has no file names; is it a list of files in an image?", path);
		image->given = !cause;
		image->list = (struct span){list, used};
	}
	if (fd >= 0)
		close(fd);
	return cause;
}

/* --- questions ------------------------------------------------------------------------------ */

bool image_has_module(const struct image *image, struct span module)
{
	struct span rest = image->list, line;

	while (lines_next(&rest, '\n', &line))
		if (span_same_module(span_module(name_of(line)), module))
			return true;
	return false;
}

bool image_has_driver(const struct image *image, const char *device, char *module, size_t size)
{
	char path[160], target[256];
	const char *slash;
	ssize_t len;

	text_format(path, sizeof(path), "%s/device/driver/module/initstate", device);
	if (access(path, F_OK))
		return true;
	text_format(path, sizeof(path), "%s/device/driver/module", device);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return true;
	target[len] = 0;
	slash = strrchr(target, '/');
	text_format(module, size, "%s", slash ? slash + 1 : target);
	return image_has_module(image, (struct span){module, strlen(module)});
}

bool image_has_file(const struct image *image, const char *path)
{
	static const char usr[] = "usr/", lib[] = "lib/";
	struct span rest = image->list, line;
	bool in_usr = false, lib_is_folder = false;

	while (*path == '/')
		path++;
	while (lines_next(&rest, '\n', &line)) {
		struct span name = name_of(line);

		if (span_is(name, path))
			return true;
		lib_is_folder |= span_begins(name, lib);
		in_usr |= span_begins(name, usr) &&
		          span_is((struct span){name.at + strlen(usr), name.len - strlen(usr)}, path);
	}
	return in_usr && !lib_is_folder && !strncmp(path, lib, strlen(lib));
}

bool image_has_program(const struct image *image, const char *name)
{
	struct span rest = image->list, line;

	while (lines_next(&rest, '\n', &line))
		if (is_in_bin(name_of(line)) && span_is(span_base(name_of(line)), name))
			return true;
	return false;
}
