/* SPDX-License-Identifier: MIT */
/* boot - the boot command: its configuration, and what to do with it. */
#include "boot/boot.h"
#include "base/text.h"
#include "boot/config_files.h"
#include "command/command.h"

static void say_notes(const struct plan *p)
{
	for (unsigned i = 0; i < p->note_count; i++)
		if (p->notes[i].bad || !p->quiet)
			text_print(2, "latchkey: %s\n", p->notes[i].text);
}

enum cause command_boot(const struct options *o, struct error *err)
{
	static struct config_files files;
	static struct plan plan;
	enum cause cause = config_files_read(&files, o->cmdline, o->crypttab, o->config, err);

	if (cause)
		return cause;
	plan_make(&files.plan, &plan);
	plan.keymap = o->keymap;
	if (o->show) {
		plan_show(&plan, 1);
		return CAUSE_OK;
	}
	say_notes(&plan);
	return boot_run(&plan, o->test, err);
}
