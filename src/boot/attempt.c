/* SPDX-License-Identifier: MIT */
/* attempt - see attempt.h. */
#include "boot/attempt.h"
#include "base/clock.h"
#include "boot/stall.h"
#include "boot/udev_db.h"
#include "crypto/argon2_derive.h"
#include "crypto/kdf.h"
#include "keyslot/search.h"
#include "secret/arena.h"
#include "secret/vault.h"
#include "unlock/meter.h"

struct told {
	struct child_end *end;
	struct meter_pace pace;
};

static void tell(void *context, uint64_t done, uint64_t total)
{
	struct told *t = context;

	t->end->percent = total ? (unsigned)(done * 100 / total) : 0;
	t->end->seconds_left = meter_seconds_left(&t->pace, done, total);
}

enum cause attempt_run(void *arg, struct child_end *end, struct error *err)
{
	const struct attempt *a = arg;
	struct told told = {end, {clock_now_us()}};
	struct progress progress = {tell, &told};
	const struct unlock_request *r = &a->request;
	const struct secret *secret = r->token_only ? NULL : vault_slot(a->slot);
	struct unlock_tested tested;
	enum cause cause;

	stall_watch(end);
	(void)kdf_tell(&progress);
	cause = a->test ? unlock_test(r, secret, &tested, err) : unlock_open(r, secret, err);
	end->needed_s = (unsigned)((search_left_out_ms() + 999) / 1000);
	end->unlocked = !arena_is_locked() || argon2_could_swap();
	if (!cause && !a->test)
		udev_db_write(r->name);
	return cause;
}
