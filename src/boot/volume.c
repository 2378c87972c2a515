/* SPDX-License-Identifier: MIT */
/* volume - see volume.h. */
#include "boot/consoles.h"
#include "boot/state.h"
#include "format/place.h"
#include <signal.h>
#include <unistd.h>

bool volume_wants(const struct volume *v)
{
	return v->state == VOLUME_ABSENT || v->state == VOLUME_READY || v->state == VOLUME_TRYING;
}

bool volume_is_needed(const struct volume *v)
{
	return v->plan->need == PLAN_NEEDED;
}

bool volume_lacks_header(const struct volume *v)
{
	return v->why.cause == CAUSE_DAMAGED && !place_blames_data(&v->why);
}

struct volume *volume_next(struct boot *b, const struct volume *v)
{
	unsigned i = 0;

	if (v)
		i = v->index + 1 + (volume_is_needed(v) ? 0 : b->count);
	for (; i < 2 * b->count; i++)
		if (volume_is_needed(&b->volumes[i % b->count]) == (i < b->count))
			return &b->volumes[i % b->count];
	return NULL;
}

void volume_init(struct boot *b, unsigned index)
{
	const struct plan_volume *plan = &b->plan->volumes[index];
	struct volume *v = &b->volumes[index];

	v->plan = plan;
	v->index = index;
	v->bit = (uint64_t)1 << index;
	v->state = plan->need == PLAN_NOAUTO ? VOLUME_LEFT : VOLUME_ABSENT;
	v->header_fd = -1;
	v->absent_since_ms = b->start_ms;
	error_set(&v->why, CAUSE_DEVICE, "%s: not scanned yet", plan->device);
}

void volume_ready(struct volume *v)
{
	v->state = VOLUME_READY;
}

void volume_trying(struct boot *b, struct volume *v, unsigned credential)
{
	v->state = VOLUME_TRYING;
	v->trying = credential;
	v->trying_since_ms = b->now_ms;
}

void volume_opened(struct volume *v, bool ours)
{
	v->state = VOLUME_OPEN;
	v->ours = ours;
	if (!ours)
		consoles_say(CONSOLES_CHATTER "%s is open already", v->plan->name);
}

/* Keys that its device refused may be right for the next one, and a stranger's header was for it only. */
static void forget(struct boot *b, struct volume *v)
{
	v->seen = (struct seen){.next = 0};
	v->patient = false;
	b->known &= ~v->bit;
	if (!v->header_by_chance)
		return;
	close(v->header_fd);
	v->header_fd = -1;
	v->header_by_chance = false;
}

void volume_absent(struct boot *b, struct volume *v, const struct error *why)
{
	v->state = VOLUME_ABSENT;
	v->why = *why;
	v->absent_since_ms = b->now_ms;
	if (why->cause == CAUSE_DEVICE)
		forget(b, v);
}

void volume_failed(struct boot *b, struct volume *v, const struct error *why)
{
	v->state = VOLUME_FAILED;
	v->why = *why;
	consoles_say("%s: %s", v->plan->name, why->text);
	b->failed |= volume_is_needed(v);
}

void volume_left(struct volume *v, const struct error *why)
{
	/* A mapping that is being made is completed first (map.c). */
	if (v->state == VOLUME_TRYING)
		(void)kill(child_leave(&v->child), SIGTERM);
	v->state = VOLUME_LEFT;
	v->why = *why;
	consoles_say("%s is left closed (%s): %s", v->plan->name,
		v->plan->need == PLAN_NOFAIL ? "nofail" : "not marked for the initramfs", why->text);
}

bool volume_may_ask(const struct boot *b, const struct volume *v)
{
	/* A passphrase may be entered while a key is tried. */
	bool free =
		v->state == VOLUME_READY || (v->state == VOLUME_TRYING && !b->credentials[v->trying].counts);

	/* A volume that is not marked for the initramfs is the running system's to ask for. */
	return free && !v->out_of_tries && v->plan->need != PLAN_UNMARKED && !v->plan->flags.headless &&
	       b->now_ms - b->start_ms >= (uint64_t)v->plan->key_timeout_s * 1000;
}
