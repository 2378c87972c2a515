/* SPDX-License-Identifier: MIT */
/* plan - the order of the sources: which is read when, and what it then may say; and which volumes are needed. */
#include "config/plan.h"
#include "base/text.h"
#include "config/draft.h"
#include <string.h>

static void read_cmdline(struct reading *r, const struct plan_sources *from)
{
	text_format(r->where, sizeof(r->where), "kernel command line");
	if (from->cmdline)
		cmdline_read(r, from->cmdline);
}

static void read_conf(struct reading *r, const struct plan_sources *from)
{
	if (from->conf)
		conf_read(r, from->conf, from->conf_path);
}

static unsigned said(unsigned n)
{
	return n == DRAFT_UNSAID ? 0 : n;
}

static enum plan_need need_of(const struct reading *r, const struct plan_volume *v, bool root_is_known)
{
	bool named = (r->resume && !strcmp(v->name, r->resume)) || (r->usr && !strcmp(v->name, r->usr));

	if (v->flags.noauto)
		return PLAN_NOAUTO;
	if (v->flags.nofail)
		return PLAN_NOFAIL;
	return root_is_known && !named ? v->need : PLAN_NEEDED;
}

/* Which volumes are needed, now that all are known. */
static void judge_needs(struct reading *r)
{
	struct plan *p = r->plan;
	struct plan_volume *root = NULL;

	for (struct plan_volume *v = p->volumes; v < p->volumes + p->count; v++)
		root = draft_is_root(r, v->name) ? v : root;
	if (root)
		root->flags.noauto = root->flags.nofail = false;
	for (struct plan_volume *v = p->volumes; v < p->volumes + p->count; v++)
		v->need = v == root ? PLAN_NEEDED : need_of(r, v, root);
	p->root_left_out = !root && r->root_seen ? r->root : NULL;
}

void plan_make(const struct plan_sources *from, struct plan *out)
{
	struct reading r = {.plan = out, .settings = true};

	memset(out, 0, sizeof(*out));
	draft_start(&r.every);
	draft_start(&r.own);
	draft_start(&r.wanted_default);

	/* What concerns all volumes, the weakest source first: the last one counts. */
	read_conf(&r, from);
	read_cmdline(&r, from);

	/* Then the volumes, the strongest source first: who comes later finds the place taken. */
	r.settings = false;
	read_cmdline(&r, from);
	if (from->crypttab && !r.luks_off && !r.crypttab_off)
		crypttab_read(&r, from->crypttab, from->crypttab_path);
	cmdline_add_wanted(&r); /* what crypttab did not have */
	read_conf(&r, from);

	judge_needs(&r);
	out->tries = said(r.every.volume.tries);
	out->after = (enum plan_after)said(r.every.after);
	out->give_up_s = said(r.every.give_up_s);
	out->headless = r.every.volume.flags.headless;
	out->passfifo = r.every.passfifo;
}
