/* SPDX-License-Identifier: MIT */
/* root - see root.h. */
#include "init/root.h"
#include "base/file.h"
#include "base/text.h"
#include "init/console.h"
#include "init/parts.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* One mount, in the form in which every filesystem type is tried. */
struct mount_try {
	const char *device, *where, *data;
	unsigned long flags;
	char tried[256]; /* the types that were tried, for the message */
	size_t tried_len;
};

/* Filesystem types that live on block devices, one after the other; @list is cut in place. */
static char *next_type(char **list, const char *separators)
{
	char *type = *list + strspn(*list, separators);

	if (!*type)
		return NULL;
	*list = type + strcspn(type, separators);
	if (**list)
		*(*list)++ = 0;
	return type;
}

/* 0 or an errno. A device that cannot be written to gets its root read-only, as in the kernel. */
static int try_type(struct mount_try *a, const char *type)
{
	int err;

	a->tried_len += text_format(a->tried + a->tried_len, sizeof(a->tried) - a->tried_len, " %s", type);
	if (!mount(a->device, a->where, type, a->flags, a->data))
		return 0;
	err = errno;
	if ((err != EACCES && err != EROFS) || (a->flags & MS_RDONLY))
		return err;
	console_say("%s is write-protected: mounting it read-only", a->device);
	a->flags |= MS_RDONLY;
	return mount(a->device, a->where, type, a->flags, a->data) ? errno : 0;
}

/* EINVAL is how a filesystem says "not mine". Returns 0 or the errno worth telling. */
static int try_types(struct mount_try *a, char *list)
{
	int err, worst = EINVAL;
	char *type;

	while ((type = next_type(&list, ","))) {
		err = try_type(a, type);
		if (!err)
			return 0;
		if (err != EINVAL)
			worst = err;
	}
	return worst;
}

/* Types of /proc/filesystems without "nodev", as a comma list. */
static bool known_types(char *list, size_t size)
{
	char text[4096], *rest = text, *line;
	size_t used = 0;

	(void)file_read("/proc/filesystems", text, sizeof(text));
	*list = 0;
	while ((line = next_type(&rest, "\n")))
		if (*line == '\t')
			used += text_format(list + used, size - used, "%s,", line + 1);
	return used > 0;
}

/* 0, or why @path cannot be the root. */
static int not_a_device(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno;
	return S_ISBLK(st.st_mode) ? 0 : ENOTBLK;
}

bool root_mount(const struct init_cmdline *w, const char *device, const char *names, const char *where)
{
	char types[1024] = "", data[1024] = "";
	struct mount_try a = {.device = device, .where = where, .data = data};
	int err;

	a.flags = w->rw ? 0 : MS_RDONLY;
	if (w->rootflags && !init_cmdline_mount_options(w->rootflags, &a.flags, data, sizeof(data))) {
		console_say("rootflags= is too long");
		return false;
	}
	if (w->rootfstype) {
		text_format(types, sizeof(types), "%s", w->rootfstype);
	} else {
		a.flags |= MS_SILENT; /* most types are wrong ones: no line in the log for each */
		if (!known_types(types, sizeof(types)))
			console_say("no filesystem for block devices in /proc/filesystems");
	}
	parts_join(names);
	parts_add_journal(device, names, data, sizeof(data));
	(void)mkdir(where, 0755);
	err = not_a_device(device);
	if (!err)
		err = try_types(&a, types);
	if (!err)
		return true;
	console_say("cannot mount %s as root: %s; filesystems tried:%s", device, text_errno(err),
		a.tried_len ? a.tried : " none");
	return false;
}
