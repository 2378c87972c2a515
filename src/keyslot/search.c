/* SPDX-License-Identifier: MIT */
/* search - see search.h. */
#include "keyslot/search.h"
#include "base/text.h"
#include "crypto/kdf_each.h"
#include "keyslot/area.h"
#include "keyslot/budget.h"
#include "secret/arena.h"
#include "secret/wipe.h"
#include <string.h>

static bool is_candidate(const struct search *s, const struct luks_keyslot *slot)
{
	return luks_keyslot_is_of_data(s->source.luks, slot) &&
	       (!s->keyslots || s->keyslots & 1u << slot->id) &&
	       (!s->digests || s->digests & 1u << slot->digest);
}

/* The keyslots to try, in order, into @list. */
static unsigned candidates(const struct search *s, const struct luks_keyslot *list[static LUKS_KEYSLOTS_MAX])
{
	const struct luks *luks = s->source.luks;
	unsigned n = 0;

	for (enum luks_priority p = LUKS_PRIORITY_PREFER; p > LUKS_PRIORITY_IGNORE; p--)
		for (unsigned i = 0; i < luks->keyslot_count; i++)
			if (s->keyslot == SEARCH_ANY_KEYSLOT && luks->keyslots[i].priority == p &&
				is_candidate(s, &luks->keyslots[i]))
				list[n++] = &luks->keyslots[i];
	if (s->keyslot != SEARCH_ANY_KEYSLOT) {
		list[0] = luks_find_keyslot(luks, (unsigned)s->keyslot);
		n = list[0] && is_candidate(s, list[0]);
	}
	return n;
}

static enum cause no_candidate(const struct search *s, struct error *err)
{
	const char *device = s->source.header->name;

	if (s->keyslot == SEARCH_ANY_KEYSLOT && !luks_has_keyslot(s->source.luks))
		return error_set(err, CAUSE_UNSUPPORTED,
			"%s: has no keyslot for its data (erased?); no passphrase can open it", device);
	if (s->keyslot == SEARCH_ANY_KEYSLOT)
		return error_set(err, CAUSE_USAGE, "%s: its keyslots are tried only with --key-slot", device);
	if (luks_find_keyslot(s->source.luks, (unsigned)s->keyslot))
		return error_set(err, CAUSE_USAGE, "%s: keyslot %d has no key of this volume", device,
			s->keyslot);
	return error_set(err, CAUSE_USAGE, "%s: has no keyslot %d", device, s->keyslot);
}

/* Which reason for skipping is reported: best one that another machine or disk would not have. */
static int rank(enum cause cause)
{
	switch (cause) {
	case CAUSE_RESOURCE:
		return 4;
	case CAUSE_DEVICE:
		return 3;
	case CAUSE_DAMAGED:
		return 2;
	case CAUSE_UNSUPPORTED:
		return 1;
	default:
		return 5;
	}
}

/* The outcomes so far. */
struct tally {
	unsigned computed; /* to the end, and the digest disagreed */
	unsigned skipped;
	struct error foremost; /* of the skipped ones */
};

static void count_skipped(const struct search *s, struct tally *t, const struct error *why)
{
	if (!t->skipped++ || rank(why->cause) > rank(t->foremost.cause))
		t->foremost = *why;
	if (s->skipped)
		s->skipped(why);
}

static enum cause verdict(const struct search *s, const struct tally *t, struct error *err)
{
	const char *device = s->source.header->name;

	if (!t->computed) {
		*err = t->foremost;
		error_prefix(err, "%s", device);
		return err->cause;
	}
	error_set(err, CAUSE_PASSPHRASE, "%s: wrong passphrase or key: no keyslot opens with it (%u tried",
		device, t->computed);
	if (t->skipped)
		error_append(err, ", %u skipped: %s", t->skipped, t->foremost.text);
	error_append(err, ")");
	return CAUSE_PASSPHRASE;
}

/*
 * After a wrong passphrase: report each of the @n keyslots tried whose area cannot hold a key any more.
 */
static void append_overwritten(const struct search *s, const struct luks_keyslot *const *tried, unsigned n,
	struct error *err)
{
	struct area_look look;
	struct error ignored;
	char text[160];

	for (unsigned i = 0; i < n; i++) {
		if (area_examine(s->source.header, tried[i], &look, &ignored) || look.shape == AREA_RANDOM)
			continue;
		area_describe(&look, text, sizeof(text));
		error_append(err, "; the area of keyslot %u %s", tried[i]->id, text);
	}
}

static uint64_t left_out_ms;

uint64_t search_left_out_ms(void)
{
	return left_out_ms;
}

/* The keyslots from @kept on would take too long. */
static void count_left_out(const struct search *s, struct tally *t, const struct luks_keyslot **list,
	unsigned kept, unsigned n, uint64_t needed_ms)
{
	struct error why;

	left_out_ms = kept < n ? needed_ms : 0;
	for (unsigned i = kept; i < n; i++) {
		const uint64_t ms = budget_cost_ms(s->source.luks, list[i]);

		error_set(&why, CAUSE_UNSUPPORTED,
			"keyslot %u would take about %llu s, and one passphrase may take %llu s; "
			"--max-time=%llu allows it",
			list[i]->id, (unsigned long long)ms / 1000,
			(unsigned long long)s->source.limits.time_ms / 1000,
			(unsigned long long)needed_ms / 1000 * 5 / 4 + 1);
		count_skipped(s, t, &why);
	}
}

uint64_t search_needed_ms(const struct search *s)
{
	const struct luks_keyslot *list[LUKS_KEYSLOTS_MAX];
	uint64_t needed_ms;

	(void)budget_fit(&s->source, list, candidates(s, list), &needed_ms);
	return needed_ms;
}

enum cause search_check(const struct search *s, struct error *err)
{
	const struct luks_keyslot *list[LUKS_KEYSLOTS_MAX];
	unsigned n = candidates(s, list), kept;
	struct tally t = {0};
	uint64_t needed_ms;
	struct error why;

	if (!n)
		return no_candidate(s, err);
	kept = budget_fit(&s->source, list, n, &needed_ms);
	count_left_out(s, &t, list, kept, n, needed_ms);
	for (unsigned i = 0; i < kept; i++)
		if (keyslot_check(&s->source, list[i], &why))
			count_skipped(s, &t, &why);
	return t.skipped == n ? verdict(s, &t, err) : CAUSE_OK;
}

/* One search_run in progress. */
struct run {
	const struct search *search;
	const struct luks_keyslot *list[LUKS_KEYSLOTS_MAX];
	unsigned n, at; /* candidates, and the next of them */
	struct bytes secret;
	struct tally tally;
	struct volume_key *out;
	bool opened;
	unsigned until; /* the candidate behind those that are derived side by side */
	uint8_t (*area_keys)[CIPHER_KEY_MAX_BYTES]; /* of those that are derived side by side, in the arena */
};

/* Try the next one, which keyslot_check let through, and count how it ended. */
static void try_next(struct run *h, const uint8_t *area_key)
{
	const struct keyslot_secret secret = {h->secret, area_key};
	struct error why;
	const struct luks_keyslot *slot = h->list[h->at++];
	enum cause cause = keyslot_open(&h->search->source, slot, &secret, h->out, &why);

	if (!cause)
		h->opened = true;
	else if (cause == CAUSE_PASSPHRASE)
		h->list[h->tally.computed++] = slot; /* those tried move to the front */
	else
		count_skipped(h->search, &h->tally, &why);
}

static void report_trying(const struct run *h)
{
	if (h->search->trying)
		h->search->trying(h->search->context, h->list[h->at]);
}

/* For kdf_derive_each: false ends it. */
static bool derived(void *context, unsigned i)
{
	struct run *h = context;

	try_next(h, h->area_keys[i]);
	if (!h->opened && h->at < h->until)
		report_trying(h);
	return !h->opened;
}

/* How many candidates, the next one first, can be derived side by side. */
static unsigned neighbours(const struct run *h)
{
	struct error ignored;
	unsigned n = 0;

	while (h->at + n < h->n && h->list[h->at + n]->kdf.kind == KDF_PBKDF2 &&
		!keyslot_check(&h->search->source, h->list[h->at + n], &ignored))
		n++;
	return n;
}

/* Release the arena above @mark; a volume key that was found moves down to it. */
static void settle(struct run *h, size_t mark)
{
	uint8_t key[LUKS_KEY_MAX_BYTES];

	if (h->opened)
		memcpy(key, h->out->data, h->out->len);
	arena_release(mark);
	if (!h->opened)
		return;
	h->out->data = arena_alloc(h->out->len); /* what was there before fits again */
	memcpy(h->out->data, key, h->out->len);
	wipe(key, sizeof(key));
}

static void try_neighbours(struct run *h, unsigned n)
{
	struct kdf_try tries[LUKS_KEYSLOTS_MAX];
	size_t mark = arena_mark();

	h->area_keys = arena_alloc(n * sizeof(*h->area_keys));
	if (!h->area_keys) {
		try_next(h, NULL);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		const struct luks_keyslot *slot = h->list[h->at + i];

		tries[i] = (struct kdf_try){&slot->kdf, h->area_keys[i], slot->area_key_bytes};
	}
	h->until = h->at + n;
	kdf_derive_each(tries, n, h->secret, derived, h);
	settle(h, mark);
	wipe_stack();
}

/* The next candidate, or several. */
static void try_candidates(struct run *h)
{
	unsigned n = neighbours(h);
	struct error why;

	if (!n && keyslot_check(&h->search->source, h->list[h->at], &why)) {
		count_skipped(h->search, &h->tally, &why);
		h->at++;
		return;
	}
	report_trying(h);
	if (n > 1)
		try_neighbours(h, n);
	else
		try_next(h, NULL);
}

enum cause search_run(const struct search *s, struct bytes secret, struct volume_key *out, struct error *err)
{
	struct run h = {.search = s, .secret = secret, .out = out};
	unsigned n = candidates(s, h.list);
	uint64_t needed_ms;

	if (!n)
		return no_candidate(s, err);
	h.n = budget_fit(&s->source, h.list, n, &needed_ms);
	count_left_out(s, &h.tally, h.list, h.n, n, needed_ms);
	while (h.at < h.n && !h.opened)
		try_candidates(&h);
	if (h.opened)
		return CAUSE_OK;
	if (verdict(s, &h.tally, err) == CAUSE_PASSPHRASE) {
		if (!secret.len)
			error_append(err, "; it is empty");
		append_overwritten(s, h.list, h.tally.computed, err);
	}
	return err->cause;
}
