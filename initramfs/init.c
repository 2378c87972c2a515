/* SPDX-License-Identifier: MIT */
/*
 * init - process 1 of an initramfs whose root is on LUKS.
 *
 * The story, in order: mount what programs expect, load the drivers of /etc/modules, read
 * the kernel command line, run /bin/latchkey until the root is mapped (README.md: one action
 * for each of its exit codes), mount the root, make sure that it has an init, and only then
 * delete the initramfs and become that init.
 *
 * It never exits, for the kernel panics when process 1 does, and it has no shell to offer:
 * a machine that asks for a passphrase is in the hands of whoever sits in front of it.
 */
#include "base/text.h"
#include "console.h"
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

enum { CMDLINE_BYTES = 8192, PATH_BYTES = 512 };

static void say_strange_words(const struct words *w)
{
	for (size_t i = 0; i < w->strange_count; i++)
		say("kernel command line: %s is ignored: %s", w->strange[i].word, w->strange[i].why);
}

/* root= as a path; anything else, such as UUID=, is answered with the mapping: it is what was unlocked. */
static const char *root_device(const struct words *w, const char *mapping)
{
	if (!w->root || *w->root == '/')
		return w->root ? w->root : mapping;
	say("kernel command line: root=%s is not a path: using %s", w->root, mapping);
	return mapping;
}

/* Returns the real init's path once its root is mounted on NEW_ROOT; NULL with the reason said. */
static const char *mount_and_check(const struct words *w, const char *mapping)
{
	if (!root_mount(w, root_device(w, mapping), NEW_ROOT))
		return NULL;
	return switch_check(NEW_ROOT, w->init);
}

static void leave(const struct words *w, const char *mapping, char **argv)
{
	bool ours = unlock(w, mapping);
	const char *program = mount_and_check(w, mapping);

	if (program) {
		switch_root(NEW_ROOT, program, argv);
		return; /* too late to undo anything */
	}
	devices_say();
	(void)umount2(NEW_ROOT, 0);
	if (ours)
		unlock_undo(w);
}

int main(int argc, char **argv)
{
	static char cmdline[CMDLINE_BYTES];
	static struct words words;
	char mapping[PATH_BYTES];

	(void)argc;
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
	say_strange_words(&words);
	if (!words.device) {
		say("the kernel command line has no latchkey.device=: nothing to unlock");
		devices_say();
	} else if (text_join(mapping, sizeof(mapping), MAPPER, words.name, "")) {
		leave(&words, mapping, argv);
	}
	stop(words.panic_s);
}
