/* SPDX-License-Identifier: MIT */
/* kdf_each - see kdf_each.h. */
#include "crypto/kdf_each.h"
#include "base/machine.h"
#include "crypto/core.h"
#include "crypto/crew.h"

struct each {
	const struct kdf_try *tries;
	unsigned n;
	struct bytes secret;
	bool (*derived)(void *context, unsigned i);
	void *context;
	const struct progress *progress; /* of the caller's thread */
	unsigned told;                   /* so many of them */
	atomic_uint done[KDF_EACH_MAX];
	atomic_bool stop;
};

static void derive(struct each *e, unsigned i, const struct progress *progress)
{
	const struct kdf_try *t = &e->tries[i];

	hash_pbkdf2_told(t->kdf->hash, e->secret, (struct bytes){t->kdf->salt, t->kdf->salt_bytes},
		t->kdf->iterations, t->out, t->out_bytes, progress, &e->stop);
	crew_set(&e->done[i]);
}

/* On the caller's thread: tries before @end, each as soon as it is there. They are all under way. */
static void tell_until(struct each *e, unsigned end)
{
	for (; e->told < end && !e->stop; e->told++) {
		crew_wait(&e->done[e->told]);
		e->stop = !e->derived(e->context, e->told);
	}
}

/* Tries are taken in their order, so those before a member's own are worth waiting for. */
static void work(struct crew *crew, unsigned member, void *context)
{
	struct each *e = context;
	uint32_t i;

	while (crew_take(crew, e->n, &i) && !e->stop) {
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
	struct crew crew;

	(void)kdf_tell(e.progress);
	/* Chosen before there is a second thread. */
	(void)core_hash(CORE_SHA1);
	crew_run(&crew, processors < n ? processors : n, work, &e);
}
