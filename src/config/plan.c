/* SPDX-License-Identifier: MIT */
/* plan - the order of the sources: which is read when, and what it then may say. */
#include "config/plan.h"
#include "config/draft.h"
#include <string.h>

/* What concerns all volumes comes first, the weakest source before the strongest, so that the last one counts. */
static void read_settings(struct reading *r, const struct plan_sources *from)
{
	r->settings = true;
	if (from->conf)
		conf_read(r, from->conf, from->conf_path);
	if (from->cmdline)
		cmdline_read(r, from->cmdline);
	r->settings = false;
}

/* Then the volumes, the strongest source first: who comes later finds the place taken. */
static void read_volumes(struct reading *r, const struct plan_sources *from)
{
	if (from->cmdline)
		cmdline_read(r, from->cmdline);
	if (from->crypttab && !r->luks_off && !r->crypttab_off)
		crypttab_read(r, from->crypttab, from->crypttab_path);
	cmdline_add_wanted(r);
	if (from->conf)
		conf_read(r, from->conf, from->conf_path);
}

void plan_make(const struct plan_sources *from, struct plan *out)
{
	const unsigned unsaid = (unsigned)DRAFT_UNSAID;
	struct reading r = {.plan = out};

	memset(out, 0, sizeof(*out));
	draft_start(&r.every);
	draft_start(&r.own);
	draft_start(&r.wanted_default);
	read_settings(&r, from);
	read_volumes(&r, from);
	out->tries = r.every.tries == unsaid ? 0 : r.every.tries;
	out->after = r.every.after == unsaid ? PLAN_AFTER_ASK : (enum plan_after)r.every.after;
	out->give_up_s = r.every.give_up_s == unsaid ? 0 : r.every.give_up_s;
	out->headless = r.every.volume.flags.headless;
	out->passfifo = r.every.passfifo;
}
