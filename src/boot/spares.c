/* SPDX-License-Identifier: MIT */
/* spares - see state.h: the volumes that the boot does not need. */
#include "base/text.h"
#include "boot/consoles.h"
#include "boot/state.h"
#include <signal.h>

bool volume_is_needed(const struct volume *v)
{
	return v->plan->need == PLAN_NEEDED;
}

static bool all_needed_are_open(const struct boot *b)
{
	for (unsigned i = 0; i < b->count; i++)
		if (volume_is_needed(&b->volumes[i]) && volume_wants(&b->volumes[i]))
			return false;
	return true;
}

/*
 * Did nothing happen for so long? The time starts again with each end of an attempt, with each passphrase, and while a
 * person types one: but noise on a serial line types without end.
 */
static bool is_quiet(const struct boot *b, unsigned limit_s)
{
	uint64_t typed_ms = consoles_typed_ms(), since_ms = b->met_ms, latest_ms;

	since_ms = b->stirred_ms > since_ms ? b->stirred_ms : since_ms;
	since_ms = b->ask_from_ms > since_ms ? b->ask_from_ms : since_ms;
	latest_ms = since_ms + SPARE_TRYING_S * 1000;
	typed_ms = typed_ms < latest_ms ? typed_ms : latest_ms;
	since_ms = typed_ms > since_ms ? typed_ms : since_ms;
	return since_ms < b->now_ms && boot_is_over(b, since_ms, limit_s);
}

/* Is nothing to be expected of @v, which is there and wants a key? Then @why says why. */
static bool is_hopeless(const struct boot *b, const struct volume *v, struct error *why)
{
	unsigned limit_s = b->any_needed ? SPARE_QUIET_S : SPARE_ALONE_S;
	bool hand = keys_at_hand(b, v), ask = people_may_be_asked(b, v);

	if (!hand && v->out_of_tries) {
		error_set(why, CAUSE_PASSPHRASE, "no right passphrase in %u tries", v->wrong);
		return true;
	}
	error_set(why, CAUSE_USAGE, "no key for it is at hand");
	if (!hand && !ask && b->any_needed)
		return true;
	if (!hand && ask && v->plan->timeout_s) /* boot.c keeps it */
		return false;
	error_set(why, CAUSE_USAGE, "no key opened it within %u s", limit_s);
	return is_quiet(b, limit_s);
}

static bool is_to_be_left(const struct boot *b, const struct volume *v, struct error *why)
{
	uint64_t since_ms = v->trying_since_ms > b->met_ms ? v->trying_since_ms : b->met_ms;

	*why = v->why;
	switch (v->state) {
	case VOLUME_ABSENT:
		if (!b->any_needed) /* device-timeout= is kept by boot.c */
			return !v->plan->device_timeout_s &&
			       boot_is_over(b, v->absent_since_ms, SPARE_ALONE_S);
		/* Its header may be on the way. */
		return (v->header_fd < 0 && !keys_at_hand(b, v)) || is_quiet(b, SPARE_QUIET_S);
	case VOLUME_READY:
		return is_hopeless(b, v, why);
	case VOLUME_TRYING:
		error_set(why, CAUSE_RESOURCE, "a key is still being tried after %u s", SPARE_TRYING_S);
		return boot_is_over(b, since_ms, SPARE_TRYING_S);
	case VOLUME_OPEN:
	case VOLUME_FAILED:
	case VOLUME_LEFT:
		break;
	}
	return false;
}

static void leave(struct volume *v, const struct error *why)
{
	/* Its end finds nobody; a mapping that is being made is made whole (map.c). */
	if (v->state == VOLUME_TRYING)
		(void)kill(child_leave(&v->child), SIGTERM);
	v->state = VOLUME_LEFT;
	v->why = *why;
	consoles_say("latchkey: %s is left closed (%s): %s", v->plan->name,
		v->plan->need == PLAN_NOFAIL ? "nofail" : "not marked for the initramfs", why->text);
}

void spares_leave(struct boot *b)
{
	struct error why;

	if (!all_needed_are_open(b))
		return;
	if (!b->met_ms)
		b->met_ms = b->now_ms;
	for (unsigned i = 0; i < b->count; i++) {
		struct volume *v = &b->volumes[i];

		if (volume_wants(v) && is_to_be_left(b, v, &why))
			leave(v, &why);
	}
}
