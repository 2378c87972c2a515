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
	const struct unlock_request *r = &a->request;
	const struct secret *secret = r->token_only ? NULL : vault_slot(a->slot);
	unsigned keyslot;
	enum cause cause;

	stall_watch(end);
	(void)kdf_tell(&progress);
	if (a->test)
		return unlock_test(r, secret, &keyslot, err);
	cause = unlock_open(r, secret, err);
	if (!cause)
		udev_db_write(r->name);
	return cause;
}
