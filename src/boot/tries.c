/* SPDX-License-Identifier: MIT */
/* tries - see state.h. */
#include "boot/consoles.h"
#include "boot/state.h"
#include <sys/reboot.h>
#include <unistd.h>

void tries_count(struct boot *b, const struct credential *c)
{
	b->wrong++;
	for (unsigned i = 0; i < b->count; i++)
		b->volumes[i].wrong +=
			(c->refused & b->volumes[i].bit) && (volume_is_needed(&b->volumes[i]) || b->met_ms);
}

static _Noreturn void switch_off(int how, const char *what)
{
	consoles_say("too many wrong passphrases: %s", what);
	consoles_close();
	vault_close();
	/* No sync(2): nothing was written here, and it would wait for a disk that stalls. */
	(void)reboot(how);
	_exit(CAUSE_KERNEL);
}

/* One more wrong passphrase for @v, and what follows if it was the last try. */
static void enforce(struct boot *b, struct volume *v)
{
	bool needed = volume_is_needed(v);
	unsigned tries = needed || v->plan->tries ? v->plan->tries : OPTIONAL_TRIES;

	v->wrong_handled++;
	if (!tries || v->wrong_handled % tries)
		return;
	switch (needed && !b->test ? b->plan->after : PLAN_AFTER_FAIL) {
	case PLAN_AFTER_POWEROFF:
		switch_off(RB_POWER_OFF, "powering off");
	case PLAN_AFTER_REBOOT:
		switch_off(RB_AUTOBOOT, "restarting");
	case PLAN_AFTER_FAIL:
		v->out_of_tries = true;
		return;
	case PLAN_AFTER_ASK:
		return;
	}
}

void tries_enforce(struct boot *b)
{
	struct error why;

	for (unsigned i = 0; i < b->count; i++) {
		struct volume *v = &b->volumes[i];

		while (v->wrong_handled < v->wrong)
			enforce(b, v);
		/* optional.c leaves an optional volume; one on which a key is tried now may still open. */
		if (!v->out_of_tries || v->state != VOLUME_READY || !volume_is_needed(v))
			continue;
		error_set(&why, CAUSE_PASSPHRASE, "no correct passphrase, tries: %u", v->wrong);
		volume_failed(b, v, &why);
	}
}
