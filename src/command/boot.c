/* SPDX-License-Identifier: MIT */
/* boot - the boot command: its configuration, and what to do with it. */
#include "boot/boot.h"
#include "base/text.h"
#include "boot/sources.h"
#include "command/command.h"

static void say_notes(const struct plan *p)
{
	for (unsigned i = 0; i < p->note_count; i++)
		if (p->notes[i].bad || !p->quiet)
			text_print(2, "latchkey: %s\n", p->notes[i].text);
}

enum cause command_boot(const struct options *o, struct error *err)
{
	static struct sources sources;
	static struct plan plan;
	enum cause cause = sources_read(&sources, o->cmdline, o->crypttab, o->config, err);

	if (cause)
		return cause;
	plan_make(&sources.plan, &plan);
	if (o->show) {
		plan_show(&plan, 1);
		return CAUSE_OK;
	}
	say_notes(&plan);
	return boot_run(&plan, o->test, err);
}
