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

static enum cause read_plan(const struct options *o, struct plan *plan, struct error *err)
{
	static struct config_files files;
	enum cause cause = config_files_read(&files, o->cmdline, o->crypttab, o->config, err);

	if (cause)
		return cause;
	plan_make(&files.plan, plan);
	plan->keymap = o->keymap;
	plan->cmdline = files.plan.cmdline;
	return CAUSE_OK;
}

static enum cause run_plan(const struct plan *p, bool test, struct error *err)
{
	say_notes(p);
	return boot_run(p, test, err);
}

static struct plan plan;

enum cause command_boot(const struct options *o, struct error *err)
{
	enum cause cause;

	if (o->json && !o->show)
		return error_set(err, CAUSE_USAGE, "--json needs --show");
	cause = read_plan(o, &plan, err);
	if (cause)
		return cause;
	if (o->show) {
		plan_show(&plan, 1, o->json);
		return refuse_plan(&plan, err);
	}
	if (o->test)
		limit_waiting(&plan, o->request.timeout_s);
	return run_plan(&plan, o->test, err);
}

enum cause command_image_boot(const struct options *o, struct error *err)
{
	enum cause cause = read_plan(o, &plan, err);

	return cause ? cause : run_plan(&plan, false, err);
}
