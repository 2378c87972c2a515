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

/* For --show: what would not be opened as it was meant. */
static enum cause refuse_plan(const struct plan *p, struct error *err)
{
	if (!p->count)
		return error_set(err, CAUSE_USAGE, "no volume is configured");
	for (unsigned i = 0; i < p->note_count; i++)
		if (p->notes[i].bad)
			return error_set(err, CAUSE_USAGE, "not all of the configuration can be used");
	return CAUSE_OK;
}

/* A rehearsal waits for no device without end. */
static void limit_waiting(struct plan *p, unsigned limit_s)
{
	for (struct plan_volume *v = p->volumes; v < p->volumes + p->count; v++)
		v->device_timeout_s = v->device_timeout_s ? v->device_timeout_s : limit_s;
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
		plan_show(&plan, 1, o->json);
		return refuse_plan(&plan, err);
	}
	if (o->test)
		limit_waiting(&plan, o->request.timeout_s);
	say_notes(&plan);
	return boot_run(&plan, o->test, err);
}
