/* SPDX-License-Identifier: MIT */
/* kdf_each - see kdf_each.h. */
#include "crypto/kdf_each.h"
#include "base/machine.h"
#include "crypto/core.h"
#include "crypto/team.h"

struct each {
	const struct kdf_try *tries;
	unsigned n;
	struct bytes secret;
	bool (*derived)(void *context, unsigned i);
	void *context;
	const struct progress *progress; /* of the caller's thread */
	unsigned told;                   /* the number of tries reported so far */
	atomic_uint done[KDF_EACH_MAX];
	atomic_bool stop;
};

static void derive(struct each *e, unsigned i, const struct progress *progress)
{
	const struct kdf_try *t = &e->tries[i];

	hash_pbkdf2_from(&(struct pbkdf2){t->kdf->hash, e->secret, {t->kdf->salt, t->kdf->salt_bytes},
				 t->kdf->iterations},
		1, t->out, t->out_bytes, progress, &e->stop);
	team_set(&e->done[i]);
}

/* On the caller's thread: tries before @end, each as soon as it is done. All of them have been started. */
static void tell_until(struct each *e, unsigned end)
{
	for (; e->told < end && !e->stop; e->told++) {
		team_wait(&e->done[e->told]);
		e->stop = !e->derived(e->context, e->told);
	}
}

/* Tries are taken in order, so those before a member's own finish first or soon. */
static void work(struct team *team, unsigned member, void *context)
{
	struct each *e = context;
	uint32_t i;

	while (team_take(team, e->n, &i) && !e->stop) {
		derive(e, i, member ? NULL : e->progress);
		if (!member)
			tell_until(e, i + 1);
	}
	if (!member)
		tell_until(e, e->n);
}

void kdf_derive_each(const struct kdf_try *tries, unsigned n, struct bytes secret,
	bool (*derived)(void *context, unsigned i), void *context)
{
	struct each e = {.tries = tries,
		.n = n,
		.secret = secret,
		.derived = derived,
		.context = context,
		.progress = kdf_tell(NULL)};
	unsigned processors = machine_processors();
	struct team team;

	(void)kdf_tell(e.progress);
	/* Chosen before there is a second thread. */
	(void)core_hash(CORE_SHA1);
	team_run(&team, processors < n ? processors : n, work, &e);
}
