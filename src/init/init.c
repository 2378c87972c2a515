/* SPDX-License-Identifier: MIT */
/*
 * init - process 1 of an initramfs whose root is on LUKS.
 *
 * The story, in order: mount what programs expect, load the drivers of /etc/modules, read
 * the kernel command line, run `latchkey boot` until everything is open, mount the root, make
 * sure that it has an init, and only then delete the initramfs and become that init.
 *
 * It never exits, for the kernel panics when process 1 does, and it has no shell to offer:
 * a machine that asks for a passphrase may be in the hands of anyone.
 *
 * This is a multi-call binary: called latchkey, it is latchkey.
 */
#include "base/clock.h"
#include "base/relro.h"
#include "base/text.h"
#include "device/sysblock.h"
#include "init/arrays.h"
#include "init/console.h"
#include "init/devices.h"
#include "init/early.h"
#include "init/keymap.h"
#include "init/parts.h"
#include "init/probe.h"
#include "init/root.h"
#include "init/run_latchkey.h"
#include "init/stop.h"
#include "init/switch.h"
#include "init/wait.h"
#include "latchkey.h"
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define NEW_ROOT "/newroot"

/* ROOT_PATIENCE_S: once all volumes are open, for a root= on some other device. */
enum { CMDLINE_BYTES = 8192, ROOT_PATIENCE_S = 10 };

/*
 * root= as a path in @path. Waits for a device that is not there yet, with a message.
 * False, with the reason printed, when it does not appear.
 */
static bool find_root(const struct init_cmdline *w, const char *names, const char *mapping,
	char path[static SYSBLOCK_PATH_BYTES])
{
	const unsigned patience_s = w->root_wait_s > ROOT_PATIENCE_S ? w->root_wait_s : ROOT_PATIENCE_S;
	const uint64_t end_us = clock_now_us() + (uint64_t)patience_s * 1000000;
	const char *spec = w->root ? w->root : mapping;
	struct wait_notice notice = {0};
	bool found;

	for (;;) {
		found = probe_find(spec, names, path);
		if (found && devices_is_block(path)) {
			/* The name that people know, rather than dm-0. */
			if (devices_are_same(path, mapping))
				text_format(path, SYSBLOCK_PATH_BYTES, "%s", mapping);
			return true;
		}
		if (!w->root_wait && (clock_now_us() >= end_us || !w->root))
			break;
		if (wait_notice_due(&notice))
			console_say("waiting for %s%s%sroot device %s", found || !*path ? "" : "the ",
				found ? "" : path, found || !*path ? "" : " of ", spec);
		(void)wait_block_event(1000);
	}
	console_say("root device %s not found", spec);
	return false;
}

/* Returns the real init's path once its root is mounted on NEW_ROOT; NULL with the reason said. */
static const char *mount_and_check(const struct init_cmdline *w, const char *names)
{
	char path[SYSBLOCK_PATH_BYTES], mapping[SYSBLOCK_PATH_BYTES];

	text_format(mapping, sizeof(mapping), PROBE_MAPPER "%s", *names ? names : "root");
	mapping[strcspn(mapping, "\n")] = 0; /* the first one */
	if (!find_root(w, names, mapping, path) || !root_mount(w, path, names, NEW_ROOT))
		return NULL;
	return switch_check(NEW_ROOT, w->init);
}

static void leave(const struct init_cmdline *w, char **argv)
{
	static char names[RUN_LATCHKEY_NAMES_BYTES];
	const char *program;

	arrays_start(w);
	run_latchkey(w, names);
	program = mount_and_check(w, names);
	arrays_end();
	if (program) {
		switch_root(NEW_ROOT, program, argv);
		return; /* too late to undo anything */
	}
	devices_say();
	parts_explain(names);
	(void)umount2(NEW_ROOT, 0);
	run_latchkey_undo(names);
}

static bool is_latchkey(const char *called)
{
	const char *slash = strrchr(called, '/');

	return !strcmp(slash ? slash + 1 : called, "latchkey");
}

int main(int argc, char **argv)
{
	static char cmdline[CMDLINE_BYTES];
	static struct init_cmdline options;

	if (argc && is_latchkey(argv[0]))
		return latchkey_image_main(argc, argv);
	relro_protect();
	if (getpid() != 1) {
		text_print(STDERR_FILENO, "init: must run as PID 1 of an initramfs\n");
		return CAUSE_USAGE;
	}
	early_mount();
	console_hush();
	early_read_cmdline(cmdline, sizeof(cmdline));
	init_cmdline_parse(&options, cmdline);
	console_be_quiet(options.quiet);
	wait_listen(); /* before the drivers, so that no device's arrival is missed */
	early_load_modules("/etc/modules");
	if (options.bad_panic)
		console_say("kernel command line: panic=%s ignored: not a number", options.bad_panic);
	options.keymap = keymap_load(options.keymap);
	leave(&options, argv);
	stop_machine(options.panic_s);
}
