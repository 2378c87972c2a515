/* SPDX-License-Identifier: MIT */
/* try_keys - see state.h. */
#include "base/machine.h"
#include "base/text.h"
#include "boot/consoles.h"
#include "boot/request.h"
#include "boot/stall.h"
#include "boot/state.h"
#include "unlock/find_key.h"
#include <errno.h>
#include <signal.h>

/* Of the attempts that run. *any: is there one? */
static uint64_t memory_in_use_kib(const struct boot *b, bool *any)
{
	uint64_t sum = 0;

	*any = false;
	for (unsigned i = 0; i < b->count; i++) {
		if (b->volumes[i].state != VOLUME_TRYING)
			continue;
		*any = true;
		sum += b->volumes[i].memory_kib;
	}
	return sum;
}

/*
 * In parallel only where memory is enough for all. One alone always starts: it finds out itself what it
 * needs.
 */
static bool may_start(const struct boot *b, const struct volume *v)
{
	bool any;
	uint64_t in_use = memory_in_use_kib(b, &any), need = in_use + v->memory_kib;

	/* It will have a question of its own, when that of the other is answered. */
	if (b->slow && v->needed_s && !v->patient)
		return false;
	return !any || need + need / 8 < machine_memory_available_kib();
}

static void start(struct boot *b, struct volume *v, unsigned slot)
{
	const struct credential *c = &b->credentials[slot];
	const char *header = v->header_fd >= 0 ? v->header : NULL;

	v->attempt = (struct attempt){slot, b->test, request_make(v->plan, v->path, header)};
	v->attempt.request.uuid = v->uuid;
	/* Headless: no person can be asked. */
	v->patient |= v->plan->flags.headless && !v->plan->max_time_s;
	v->attempt.request.patient = v->patient;
	v->cancelled = false;
	v->attempt.request.token_only = c->token;
	v->attempt.request.token_type = c->token ? "luks2-keyring" : NULL;
	v->attempt.request.keyslots = c->keyslots;
	v->attempt.request.try_without_newline = !c->typed && !c->keyslots && !v->plan->flags.strict_key;
	volume_trying(b, v, slot);
	if (!child_start(&v->child, attempt_run, &v->attempt, 0))
		try_keys_done(b, v);
}

/* Needed volumes first: memory may be enough for one attempt only. */
void try_keys(struct boot *b)
{
	for (struct volume *v = NULL; (v = volume_next(b, v));)
		for (unsigned slot = 0; v->state == VOLUME_READY && slot < VAULT_SLOTS; slot++)
			if (v != b->slow && credential_is_pending(b, slot, v) && may_start(b, v))
				start(b, v, slot);
}

/* --- the end of an attempt --------------------------------------------------------------- */

struct result {
	struct boot *b;
	struct volume *v;
	struct credential *c;
	const struct error *err;
};

static void on_opened(const struct result *r)
{
	struct volume *v = r->v;

	volume_opened(v, true);
	/* A passphrase from the cache is in it already. */
	if (r->c->counts && !r->c->opened && v->plan->cache == PLAN_CACHE_FILL)
		credential_fill_cache(v->trying);
	r->c->opened = true;
	consoles_say(CONSOLES_CHATTER "%s %s with %s", v->plan->name, r->b->test ? "would open" : "is open",
		r->c->origin);
	child_clear(&v->child);
}

static void say_refused(const struct result *r)
{
	if (r->c->counts)
		consoles_say("%s: %s", r->v->plan->name, r->err->text);
	else
		consoles_say("%s does not open %s: %s", r->c->origin, r->v->plan->name, r->err->text);
}

static void on_refused(const struct result *r)
{
	r->c->refused |= r->v->bit;
	say_refused(r);
}

static void on_failure(const struct result *r)
{
	/* A key that has expired since the scan, a keyslot that cannot be tried: no fault of the volume. */
	if (r->c->token || r->c->keyslots)
		say_refused(r);
	else
		volume_failed(r->b, r->v, r->err);
}

/* Its device cannot be read, or what is there has changed since the scan. */
static void on_unreadable(const struct result *r)
{
	bool changed = r->err->os_errno == ESTALE || r->err->cause != CAUSE_DEVICE;

	/* Named by its path, it is the only one that can be meant. */
	if (r->err->cause != CAUSE_DEVICE &&
		(r->c->token || r->c->keyslots || !find_is_name(r->v->plan->device))) {
		on_failure(r);
		return;
	}
	consoles_say("%s", r->err->text);
	/* The same key would only fail again. */
	if (!changed && scan_exists(r->v->path))
		return;
	/* Removed, or as good as that: when it comes back, the same credential is tried again. */
	if (!changed)
		r->c->tried &= ~r->v->bit;
	volume_absent(r->b, r->v, r->err);
	r->b->scan_at_ms = r->b->now_ms + 1000;
}

/*
 * Other attempts may have had the memory: then once more, alone. Otherwise a person, or a key for another
 * keyslot, may help.
 */
static void on_shortage(const struct result *r)
{
	struct volume *v = r->v;
	bool others;

	(void)memory_in_use_kib(r->b, &others);
	if (others) {
		r->c->tried &= ~v->bit;
		v->memory_kib = UINT64_MAX / 4; /* may_start then refuses it until no other attempt runs */
	} else if (v->plan->flags.headless) {
		volume_failed(r->b, v, r->err);
		return;
	}
	consoles_say("%s: %s%s", v->plan->name, r->err->text,
		others ? "; trying again when no other attempt runs" : "");
}

/* Another process made the mapping since the scan, or the device is in use. */
static void on_exists(const struct result *r)
{
	char node[SYSBLOCK_PATH_BYTES];

	if (text_join(node, sizeof(node), "/dev/mapper/", r->v->plan->name, "") && scan_exists(node))
		volume_opened(r->v, false);
	else
		volume_failed(r->b, r->v, r->err);
}

void try_keys_done(struct boot *b, struct volume *v)
{
	static void (*const handlers[])(const struct result *r) = {
		[CAUSE_OK] = on_opened,
		[CAUSE_PASSPHRASE] = on_refused,
		[CAUSE_DEVICE] = on_unreadable,
		[CAUSE_RESOURCE] = on_shortage,
		[CAUSE_EXISTS] = on_exists,
		[CAUSE_DAMAGED] = on_unreadable,
		[CAUSE_UNSUPPORTED] = on_unreadable,
	};
	const struct result r = {b, v, &b->credentials[v->trying], &v->child.end->err};
	unsigned cause = v->child.end->cause;
	void (*handle)(const struct result *) =
		cause < sizeof(handlers) / sizeof(*handlers) ? handlers[cause] : NULL;

	volume_ready(v);
	r.c->tried |= v->bit;
	b->stirred_ms = b->now_ms;
	if (cause == CAUSE_PASSPHRASE || cause == CAUSE_RESOURCE)
		b->refused = (enum cause)cause;
	consoles_status("");
	if (v->child.end->unlocked && !b->unlocked_said)
		consoles_say(FIND_KEY_UNLOCKED);
	b->unlocked_said |= v->child.end->unlocked;
	if (v->cancelled && cause) {
		consoles_say("%s: cancelled", v->plan->name);
		return;
	}
	/* Measured now, perhaps on a busier machine than when it was looked at. */
	if (v->child.end->needed_s)
		v->needed_s = v->child.end->needed_s;
	if (v->child.end->needed_s && (cause == CAUSE_PASSPHRASE || cause == CAUSE_UNSUPPORTED) &&
		slow_ask(b, v)) {
		r.c->refused |= cause == CAUSE_PASSPHRASE ? v->bit : 0;
		say_refused(&r);
		return;
	}
	(handle ? handle : on_failure)(&r);
}

void try_keys_cancel(struct boot *b)
{
	static const uint8_t no = 'n';

	if (slow_answer(b, &no, 1) || b->asking)
		return;
	for (struct volume *v = b->volumes; v < b->volumes + b->count; v++) {
		v->cancelled = v->state == VOLUME_TRYING;
		if (v->cancelled && v->child.pid > 0)
			(void)kill(v->child.pid, SIGTERM);
	}
}

void try_keys_stalled(struct boot *b, struct volume *v)
{
	struct error why;

	error_set(&why, CAUSE_DEVICE, "%s: not responding", v->child.end->waiting_for);
	stall_leave(&v->child);
	b->credentials[v->trying].tried &= ~v->bit;
	volume_absent(b, v, &why);
	b->scan_again = true;
}
