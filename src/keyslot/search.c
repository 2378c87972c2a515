/* SPDX-License-Identifier: MIT */
/* search - see search.h. */
#include "keyslot/search.h"
#include "base/text.h"
#include "keyslot/area.h"

static bool belongs(const struct luks *luks, const struct luks_keyslot *slot)
{
	return slot->digest >= 0 && luks->digests[slot->digest].covers_segment;
}

/* The keyslots to try, in order, into @list. */
static unsigned candidates(const struct search *s, const struct luks_keyslot *list[static LUKS_KEYSLOTS_MAX])
{
	const struct luks *luks = s->source.luks;
	unsigned n = 0;

	for (enum luks_priority p = LUKS_PRIORITY_PREFER; p > LUKS_PRIORITY_IGNORE; p--)
		for (unsigned i = 0; i < luks->keyslot_count; i++)
			if (s->keyslot == SEARCH_ANY_KEYSLOT && luks->keyslots[i].priority == p &&
				belongs(luks, &luks->keyslots[i]))
				list[n++] = &luks->keyslots[i];
	if (s->keyslot != SEARCH_ANY_KEYSLOT) {
		list[0] = luks_find_keyslot(luks, (unsigned)s->keyslot);
		n = list[0] && belongs(luks, list[0]);
	}
	return n;
}

/* After luksErase there is none. */
static bool any_belongs(const struct luks *luks)
{
	for (unsigned i = 0; i < luks->keyslot_count; i++)
		if (belongs(luks, &luks->keyslots[i]))
			return true;
	return false;
}

static enum cause no_candidate(const struct search *s, struct error *err)
{
	const char *device = s->source.header->name;

	if (s->keyslot == SEARCH_ANY_KEYSLOT && !any_belongs(s->source.luks))
		return error_set(err, CAUSE_UNSUPPORTED,
			"%s: has no keyslot for its data (erased?): no passphrase opens it; restore a header backup", device);
	if (s->keyslot == SEARCH_ANY_KEYSLOT)
		return error_set(err, CAUSE_USAGE, "%s: has no keyslot to try without being named (--key-slot)",
			device);
	if (luks_find_keyslot(s->source.luks, (unsigned)s->keyslot))
		return error_set(err, CAUSE_USAGE, "%s: keyslot %d holds no key of this volume", device, s->keyslot);
	return error_set(err, CAUSE_USAGE, "%s: has no keyslot %d", device, s->keyslot);
}

/* Which reason for skipping tells a person most: the one that another machine or disk would not have. */
static int strength(enum cause cause)
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

/* What is known after some keyslots. */
struct tally {
	unsigned computed; /* to the end, and the digest disagreed */
	unsigned skipped;
	struct error strongest; /* of the skipped ones */
};

static void count_skipped(const struct search *s, struct tally *t, const struct error *why)
{
	if (!t->skipped++ || strength(why->cause) > strength(t->strongest.cause))
		t->strongest = *why;
	if (s->skipped)
		s->skipped(why);
}

static enum cause verdict(const struct search *s, const struct tally *t, struct error *err)
{
	const char *device = s->source.header->name;

	if (!t->computed) {
		*err = t->strongest;
		error_prefix(err, "%s", device);
		return err->cause;
	}
	error_set(err, CAUSE_PASSPHRASE, "%s: wrong passphrase or key: no keyslot opens with it (%u tried)", device,
		t->computed);
	if (t->skipped)
		error_set(err, CAUSE_PASSPHRASE,
			"%s: wrong passphrase or key: no keyslot opens with it (%u tried, %u skipped: %s)", device,
			t->computed, t->skipped, t->strongest.text);
	return CAUSE_PASSPHRASE;
}

/* After a wrong passphrase: say it when the area of one of the @n keyslots tried cannot hold a key any more. */
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

enum cause search_check(const struct search *s, struct error *err)
{
	const struct luks_keyslot *list[LUKS_KEYSLOTS_MAX];
	unsigned n = candidates(s, list);
	struct tally t = {0};
	struct error why;

	if (!n)
		return no_candidate(s, err);
	for (unsigned i = 0; i < n; i++)
		if (keyslot_check(&s->source, list[i], &why))
			count_skipped(s, &t, &why);
	return t.skipped == n ? verdict(s, &t, err) : CAUSE_OK;
}

enum cause search_run(const struct search *s, struct bytes secret, struct volume_key *out, struct error *err)
{
	const struct luks_keyslot *list[LUKS_KEYSLOTS_MAX];
	unsigned n = candidates(s, list);
	struct tally t = {0};
	struct error why;

	if (!n)
		return no_candidate(s, err);
	for (unsigned i = 0; i < n; i++) {
		enum cause cause = keyslot_check(&s->source, list[i], &why);

		if (!cause && s->trying)
			s->trying(s->context, list[i]);
		if (!cause)
			cause = keyslot_open(&s->source, list[i], secret, out, &why);
		if (!cause)
			return CAUSE_OK;
		if (cause == CAUSE_PASSPHRASE)
			list[t.computed++] = list[i]; /* those tried move to the front */
		else
			count_skipped(s, &t, &why);
	}
	if (verdict(s, &t, err) == CAUSE_PASSPHRASE)
		append_overwritten(s, list, t.computed, err);
	return err->cause;
}
