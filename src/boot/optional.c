/* SPDX-License-Identifier: MIT */
/* optional - see state.h. */
#include "base/text.h"
#include "boot/consoles.h"
#include "boot/state.h"

static bool all_needed_are_open(const struct boot *b)
{
	for (unsigned i = 0; i < b->count; i++)
		if (volume_is_needed(&b->volumes[i]) && volume_wants(&b->volumes[i]))
			return false;
	return true;
}

/*
 * Did nothing happen for so long? The time starts again with each result of an attempt, with each
 * passphrase, and while a person types one; but that only for OPTIONAL_TRYING_S, since noise on a serial
 * line looks like typing without end.
 */
static bool is_quiet(const struct boot *b, unsigned limit_s)
{
	uint64_t typed_ms = consoles_typed_ms(), since_ms = b->met_ms, latest_ms;

	since_ms = b->stirred_ms > since_ms ? b->stirred_ms : since_ms;
	since_ms = b->ask_from_ms > since_ms ? b->ask_from_ms : since_ms;
	latest_ms = since_ms + OPTIONAL_TRYING_S * 1000;
	typed_ms = typed_ms < latest_ms ? typed_ms : latest_ms;
	since_ms = typed_ms > since_ms ? typed_ms : since_ms;
	return since_ms < b->now_ms && boot_is_over(b, since_ms, limit_s);
}

/* Can nothing more be expected to open @v, which is ready? Sets @why. */
static bool is_hopeless(const struct boot *b, const struct volume *v, struct error *why)
{
	unsigned limit_s = b->any_needed ? OPTIONAL_QUIET_S : OPTIONAL_ALONE_S;
	bool key = get_keys_is_pending(b, v), ask = volume_may_ask(b, v);

	if (!key && v->out_of_tries) {
		error_set(why, CAUSE_PASSPHRASE, "no correct passphrase, tries: %u", v->wrong);
		return true;
	}
	error_set(why, CAUSE_USAGE, "no key available");
	if (!key && !ask && b->any_needed)
		return true;
	if (!key && ask && v->plan->timeout_s) /* boot.c does */
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
			       boot_is_over(b, v->absent_since_ms, OPTIONAL_ALONE_S);
		/* Its header may be on its way. */
		return (v->header_fd < 0 && !get_keys_is_pending(b, v)) || is_quiet(b, OPTIONAL_QUIET_S);
	case VOLUME_READY:
		return is_hopeless(b, v, why);
	case VOLUME_TRYING:
		error_set(why, CAUSE_RESOURCE, "an attempt did not end within %u s", OPTIONAL_TRYING_S);
		return boot_is_over(b, since_ms, OPTIONAL_TRYING_S);
	case VOLUME_OPEN:
	case VOLUME_FAILED:
	case VOLUME_LEFT:
		break;
	}
	return false;
}

void optional_leave(struct boot *b)
{
	struct error why;

	if (!all_needed_are_open(b))
		return;
	if (!b->met_ms)
		b->met_ms = b->now_ms;
	for (unsigned i = 0; i < b->count; i++) {
		struct volume *v = &b->volumes[i];

		if (volume_wants(v) && is_to_be_left(b, v, &why))
			volume_left(v, &why);
	}
}
