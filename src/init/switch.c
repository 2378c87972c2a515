/* SPDX-License-Identifier: MIT */
/* switch - see switch.h. */
#include "init/switch.h"
#include "base/folder.h"
#include "base/text.h"
#include "init/console.h"
#include "init/wait.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const usual_inits[] = {"/sbin/init", "/etc/init", "/bin/init"};
enum { USUAL_INITS = sizeof(usual_inits) / sizeof(*usual_inits) };

/* /dev first: it carries the console that later messages may need. */
static const char *const moved_mounts[] = {"/dev", "/proc", "/sys", "/run"};
enum { MOVED_MOUNTS = sizeof(moved_mounts) / sizeof(*moved_mounts) };

static bool is_executable_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/*
 * Which of @candidates exists under @root? Looked up by a child inside the new root: the
 * usual init is an absolute symbolic link, which would lead back into the initramfs here.
 */
static int find_program(const char *root, const char *const *candidates, int count)
{
	pid_t child = _Fork();
	int status;

	if (!child) {
		if (chroot(root) || chdir("/"))
			_exit(count);
		for (int i = 0; i < count; i++)
			if (is_executable_file(candidates[i]))
				_exit(i);
		_exit(count);
	}
	status = child < 0 ? -1 : wait_child(child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : count;
}

/* Only a filesystem in memory is ours to delete. */
static bool is_initramfs(const struct statfs *fs)
{
	return (unsigned long)fs->f_type == RAMFS_MAGIC || (unsigned long)fs->f_type == TMPFS_MAGIC;
}

const char *switch_check(const char *root, const char *init)
{
	struct stat here, there;
	struct statfs fs;
	int found;

	if (statfs("/", &fs) || !is_initramfs(&fs)) {
		console_say("/ is not an initramfs; not deleting it");
		return NULL;
	}
	if (stat("/", &here) || stat(root, &there) || here.st_dev == there.st_dev) {
		console_say("%s is not a mounted root", root);
		return NULL;
	}
	found = init ? find_program(root, &init, 1) : find_program(root, usual_inits, USUAL_INITS);
	if (init && found == 0)
		return init;
	if (!init && found < USUAL_INITS)
		return usual_inits[found];
	if (init)
		console_say("init=%s is not an executable file on the root", init);
	else
		console_say(
			"neither /sbin/init nor /etc/init nor /bin/init is an executable file on the root");
	return NULL;
}

static void move_into(const char *path, const char *root)
{
	char target[64];

	if (text_join(target, sizeof(target), root, path, "") && !mount(path, target, NULL, MS_MOVE, NULL))
		return;
	console_say("%s cannot be moved to the root (%s): unmounted", path, text_errno(errno));
	(void)umount2(path, MNT_DETACH);
}

/* Delete what @dir holds on the device @dev; takes @dir. Other mounts, the new root first of all, stay. */
static void delete_content(int dir, dev_t dev)
{
	struct folder folder;
	const char *name;
	struct stat st;

	folder_take(&folder, dir);
	while ((name = folder_next_of_all(&folder))) {
		bool is_dir;

		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || st.st_dev != dev)
			continue;
		is_dir = S_ISDIR(st.st_mode);
		if (is_dir) {
			int sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (sub >= 0)
				delete_content(sub, dev);
		}
		(void)unlinkat(dir, name, is_dir ? AT_REMOVEDIR : 0);
	}
	folder_close(&folder);
}

static void delete_initramfs(void)
{
	int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (dir >= 0 && !fstat(dir, &st))
		delete_content(dir, st.st_dev);
}

void switch_root(const char *root, const char *program, char **argv)
{
	if (chdir(root)) {
		console_say("%s cannot be entered: %s", root, text_errno(errno));
		return;
	}
	for (int i = 0; i < MOVED_MOUNTS; i++)
		move_into(moved_mounts[i], root);
	delete_initramfs();
	if (mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/")) {
		console_say("the root cannot be moved to /: %s", text_errno(errno));
		return;
	}
	console_open();
	console_restore();
	argv[0] = (char *)(size_t)program;
	execv(program, argv);
	console_hush();
	console_say("cannot run %s: %s%s", program, text_errno(errno),
		errno == ENOENT ? " (or the program loader that it names is missing)" : "");
}
