/* SPDX-License-Identifier: MIT */
/* plan - the order in which the sources are read and taken; which volumes are needed. */
#include "config/plan.h"
#include "config/cmdline.h"
#include "config/crypttab.h"
#include "config/latchkey_conf.h"
#include "config/rd_luks.h"
#include "config/words.h"
#include <string.h>

static unsigned set_or_0(unsigned n)
{
	return n == DRAFT_UNSET ? 0 : n;
}

static enum plan_need need_of(const struct parser *p, const struct plan_volume *v, bool root_is_known)
{
	bool named = (p->resume && !strcmp(v->name, p->resume)) || (p->usr && !strcmp(v->name, p->usr));

	if (v->flags.noauto)
		return PLAN_NOAUTO;
	if (v->flags.nofail)
		return PLAN_NOFAIL;
	if (!root_is_known || named)
		return PLAN_NEEDED;
	/* It may be the one: it is asked for, and not waited for. */
	return p->inside && v->need == PLAN_UNMARKED ? PLAN_NOFAIL : v->need;
}

static bool is_mapping(const char *device, const char *name)
{
	size_t start = device ? words_begins(device, "/dev/mapper/") : 0;

	return start && !strcmp(device + start, name);
}

/* Is the key or the header of a needed volume on the mapping of @v? */
static bool serves_needed(const struct plan *plan, const struct plan_volume *v)
{
	for (const struct plan_volume *n = plan->volumes; n < plan->volumes + plan->count; n++) {
		if (n->need != PLAN_NEEDED)
			continue;
		if (is_mapping(n->header.device, v->name) || is_mapping(n->header.path, v->name))
			return true;
		for (unsigned k = 0; k < n->key_count; k++)
			if (is_mapping(n->keys[k].device, v->name))
				return true;
	}
	return false;
}

/* The volume called @name, NULL: there is none, or no name. */
static struct plan_volume *find_volume(struct plan *plan, const char *name)
{
	for (struct plan_volume *v = plan->volumes; name && v < plan->volumes + plan->count; v++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

/* Which volumes are needed, now that all are known. */
static void judge_needs(struct parser *p)
{
	struct plan *plan = p->plan;
	struct plan_volume *root = find_volume(plan, p->root);

	p->inside |= (p->resume && !find_volume(plan, p->resume)) || (p->usr && !find_volume(plan, p->usr));
	if (root)
		root->flags.noauto = root->flags.nofail = false;
	for (struct plan_volume *v = plan->volumes; v < plan->volumes + plan->count; v++)
		v->need = v == root ? PLAN_NEEDED : need_of(p, v, root);
	for (bool more = true; more;) {
		more = false;
		for (struct plan_volume *v = plan->volumes; v < plan->volumes + plan->count; v++)
			if (v->need == PLAN_UNMARKED && serves_needed(plan, v)) {
				v->need = PLAN_NEEDED;
				more = true;
			}
	}
	plan->root_left_out = !root && p->root_seen ? p->root : NULL;
}

/* Each source once, into statements. What root= names is known before lines of files are read. */
static void read_sources(struct parser *p, const struct plan_sources *from)
{
	if (from->cmdline)
		cmdline_read(p, from->cmdline);
	parser_take(p, SOURCE_CMDLINE, PASS_NAMES);
	if (from->conf)
		latchkey_conf_read(p, from->conf);
	/* In increasing order of precedence: the last one counts. */
	parser_take(p, SOURCE_CONF, PASS_SETTINGS);
	parser_take(p, SOURCE_CMDLINE, PASS_SETTINGS);
	if (from->crypttab && !p->luks_off && !p->crypttab_off)
		crypttab_read(p, from->crypttab);
}

/* In decreasing order of precedence: a later source finds the place taken. */
static void add_volumes(struct parser *p)
{
	if (!p->luks_off)
		parser_take(p, SOURCE_CMDLINE, PASS_LUKS);
	parser_take(p, SOURCE_CMDLINE, PASS_VOLUMES);
	cmdline_finish(p);
	parser_take(p, SOURCE_CRYPTTAB, PASS_VOLUMES);
	rd_luks_finish(p);
	parser_take(p, SOURCE_CONF, PASS_VOLUMES);
	latchkey_conf_finish(p, SOURCE_CONF);
}

void plan_make(const struct plan_sources *from, struct plan *out)
{
	struct parser p = {.plan = out,
		.path = {"kernel command line", from->crypttab_path, from->conf_path}};

	memset(out, 0, sizeof(*out));
	draft_start(&p.defaults);
	draft_start(&p.single);
	draft_start(&p.any_uuid);
	read_sources(&p, from);
	add_volumes(&p);
	judge_needs(&p);
	out->tries = set_or_0(p.defaults.volume.tries);
	out->after = (enum plan_after)set_or_0(p.defaults.after);
	out->give_up_s = set_or_0(p.defaults.give_up_s);
	out->headless = p.defaults.volume.flags.headless;
	out->passfifo = p.defaults.passfifo;
}
