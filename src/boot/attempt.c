/* SPDX-License-Identifier: MIT */
/* attempt - see attempt.h. */
#include "boot/attempt.h"
#include "boot/stall.h"
#include "boot/udev_db.h"
#include "crypto/kdf.h"
#include "secret/vault.h"

static void tell_percent(void *context, uint64_t done, uint64_t total)
{
	struct child_end *end = context;

	end->percent = total ? (unsigned)(done * 100 / total) : 0;
}

enum cause attempt_run(void *arg, struct child_end *end, struct error *err)
{
	const struct attempt *a = arg;
	struct progress progress = {tell_percent, end};
	struct wishes w = a->wishes;
	unsigned keyslot;
	enum cause cause;

	stall_watch(end);
	w.secret = w.token_only ? NULL : vault_slot(a->slot);
	(void)kdf_tell(&progress);
	if (a->test)
		return unlock_test(&w, &keyslot, err);
	cause = unlock_open(&w, err);
	if (!cause)
		udev_db_write(w.name);
	return cause;
}
