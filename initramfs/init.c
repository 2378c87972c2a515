/* SPDX-License-Identifier: MIT */
/*
 * init - process 1 of an initramfs whose root is on LUKS.
 *
 * The story, in order: mount what programs expect, load the drivers of /etc/modules, read
 * the kernel command line, run `latchkey boot` until everything is open, mount the root, make
 * sure that it has an init, and only then delete the initramfs and become that init.
 *
 * It never exits, for the kernel panics when process 1 does, and it has no shell to offer:
 * a machine that asks for a passphrase is in the hands of whoever sits in front of it.
 */
#include "base/relro.h"
#include "base/text.h"
#include "console.h"
#include "device/find.h"
#include "devices.h"
#include "early.h"
#include "root.h"
#include "stop.h"
#include "switch.h"
#include "unlock.h"
#include "wait.h"
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define NEW_ROOT "/newroot"
#define MAPPER "/dev/mapper/"

/* ROOT_PATIENCE_S: after all is open, for a root= that is somewhere else. */
enum { CMDLINE_BYTES = 8192, PATH_BYTES = 512, ROOT_PATIENCE_S = 10 };

/*
 * root= as a path in @path. What is not there yet may be on its way: it is waited for, in words.
 * False, with the reason said, when it does not come.
 */
static bool find_root(const struct words *w, const char *mapping, char *path, size_t size)
{
	const char *spec = w->root ? w->root : mapping;
	struct notice notice = {0};
	struct error err;

	for (unsigned waited_s = 0;; waited_s++) {
		enum cause cause = find_device(spec, path, size, &err);

		if (!cause && devices_is_block(path)) {
			/* The name that people know, rather than dm-0. */
			if (devices_are_same(path, mapping))
				text_format(path, size, "%s", mapping);
			return true;
		}
		if (!w->root_wait && (waited_s >= ROOT_PATIENCE_S || !w->root))
			break;
		if (notice_due(&notice))
			say("waiting for the root %s", spec);
		(void)wait_block_event(1000);
	}
	say("the root %s is not there", spec);
	return false;
}

/* Returns the real init's path once its root is mounted on NEW_ROOT; NULL with the reason said. */
static const char *mount_and_check(const struct words *w, const char *mapping)
{
	char path[PATH_BYTES];

	if (!find_root(w, mapping, path, sizeof(path)) || !root_mount(w, path, NEW_ROOT))
		return NULL;
	return switch_check(NEW_ROOT, w->init);
}

static void leave(const struct words *w, char **argv)
{
	char name[UNLOCK_NAME_BYTES], mapping[PATH_BYTES];
	const char *program;

	unlock(w, name);
	text_format(mapping, sizeof(mapping), MAPPER "%s", *name ? name : "root");
	program = mount_and_check(w, mapping);
	if (program) {
		switch_root(NEW_ROOT, program, argv);
		return; /* too late to undo anything */
	}
	devices_say();
	(void)umount2(NEW_ROOT, 0);
	unlock_undo(name);
}

int main(int argc, char **argv)
{
	static char cmdline[CMDLINE_BYTES];
	static struct words words;

	(void)argc;
	relro_protect();
	if (getpid() != 1) {
		text_print(STDERR_FILENO,
			"init: this is process 1 of an initramfs; it is of no use elsewhere\n");
		return CAUSE_USAGE;
	}
	early_mount();
	console_hush();
	wait_listen(); /* before the drivers, so that no device's arrival is missed */
	early_load_modules("/etc/modules");
	early_read_cmdline(cmdline, sizeof(cmdline));
	words_parse(&words, cmdline);
	if (words.bad_panic)
		say("kernel command line: panic=%s is ignored: it is no number", words.bad_panic);
	leave(&words, argv);
	stop(words.panic_s);
}
