/* SPDX-License-Identifier: MIT */
/* luks2_reencryption - see luks2_reencryption.h. */
#include "format/luks2_reencryption.h"
#include "base/text.h"
#include "format/verdict.h"
#include <string.h>

enum luks_reencryption luks2_reencryption_required(const char *name)
{
	if (!strcmp(name, "online-reencrypt-v2") || !strcmp(name, "online-reencrypt-v3"))
		return LUKS_REENCRYPTION_CLEAN;
	if (!strcmp(name, "online-reencrypt"))
		return LUKS_REENCRYPTION_V1;
	if (!strcmp(name, "offline-reencrypt"))
		return LUKS_REENCRYPTION_OFFLINE;
	return text_find(name, "reencrypt") ? LUKS_REENCRYPTION_UNKNOWN : LUKS_REENCRYPTION_NONE;
}

/*
 * One keyslot, and the segments of before and after: cryptsetup resumes and repairs nothing else. Version 1
 * has no digest.
 */
static bool is_complete(struct luks *luks, const struct luks2_reencryption *r,
	const uint32_t *digest_keyslots)
{
	unsigned digests = 0;

	for (unsigned d = 0; d < luks->digest_count; d++)
		if (digest_keyslots[d] & r->keyslots) {
			luks->reencrypt.digest = (int)d;
			digests++;
		}
	return r->keyslots && !(r->keyslots & (r->keyslots - 1)) && r->previous == 1 && r->final == 1 &&
	       !r->moved && r->hot <= 1 && !r->unknown_word &&
	       (digests == 1 || r->required == LUKS_REENCRYPTION_V1);
}

static enum luks_reencryption state_of(struct luks *luks, const struct luks2_reencryption *r,
	const uint32_t *digest_keyslots)
{
	switch (r->required) {
	case LUKS_REENCRYPTION_NONE:
		return r->keyslots || r->backups || r->hot ? LUKS_REENCRYPTION_UNKNOWN
		                                           : LUKS_REENCRYPTION_NONE;
	case LUKS_REENCRYPTION_CLEAN:
	case LUKS_REENCRYPTION_V1:
		if (!is_complete(luks, r, digest_keyslots))
			return LUKS_REENCRYPTION_UNKNOWN;
		return r->required == LUKS_REENCRYPTION_CLEAN && r->hot ? LUKS_REENCRYPTION_CRASHED
		                                                        : r->required;
	default:
		return r->required;
	}
}

/* Over any other requirement: nothing else can be done before. */
static void require(struct luks *luks, enum luks_advice advice, const char *why)
{
	luks->reencrypt.is_readable = false;
	luks->requirements = (struct luks_verdict){.advice = advice};
	verdict_set(&luks->requirements, CAUSE_UNSUPPORTED, "%s", why);
}

void luks2_reencryption_judge(struct luks *luks, const struct luks2_reencryption *r,
	const uint32_t *digest_keyslots)
{
	char text[LUKS_WHY_BYTES];
	bool other = luks->requirements.cause;

	luks->reencryption = state_of(luks, r, digest_keyslots);
	switch (luks->reencryption) {
	case LUKS_REENCRYPTION_NONE:
		break;
	case LUKS_REENCRYPTION_CLEAN:
		/* Without resilience, resuming what crashed would encrypt some sectors twice. */
		require(luks, luks->reencrypt.resilience ? LUKS_ADVICE_RESUME : LUKS_ADVICE_NONE,
			luks->reencrypt.resilience
				? "a re-encryption is under way"
				: "a re-encryption is under way with --resilience none: unless it was "
				  "stopped in an orderly way, part of the data is lost");
		/* Nothing is in the way of a mapping, unless the header requires something else, too. */
		if (!other)
			luks->requirements.cause = CAUSE_OK;
		break;
	case LUKS_REENCRYPTION_CRASHED:
		require(luks, LUKS_ADVICE_RECOVER,
			"a re-encryption is under way and was interrupted while it wrote");
		luks->reencrypt.is_readable = !other;
		break;
	case LUKS_REENCRYPTION_V1:
		require(luks, LUKS_ADVICE_RECOVER,
			"a re-encryption is under way that a cryptsetup before 2.4.3 began");
		break;
	case LUKS_REENCRYPTION_OFFLINE:
		luks_offline_reencryption(text, sizeof(text), luks->uuid);
		require(luks, LUKS_ADVICE_NONE, text);
		break;
	case LUKS_REENCRYPTION_UNKNOWN:
		/* Of one that is not known luks2_config.c has said more; of two that differ it has not. */
		if (r->required != LUKS_REENCRYPTION_UNKNOWN || !other)
			luks2_reencryption_contradicts(luks);
		break;
	}
}

void luks2_reencryption_contradicts(struct luks *luks)
{
	luks->reencryption = LUKS_REENCRYPTION_UNKNOWN;
	require(luks, LUKS_ADVICE_NONE,
		"a re-encryption is under way and its metadata is incomplete: do not resume it, and copy the "
		"device first");
}

/* A header made for its own device leaves the room that one there needs. */
void luks2_reencryption_alone(struct luks *luks)
{
	if (luks->reencryption && luks->reencrypt.mode != LUKS_MODE_DECRYPT &&
		luks->segments[0].off >= luks_keyslots_end(luks))
		require(luks, LUKS_ADVICE_NONE,
			"the header on the device cannot be read, and only the newest one fits the data of a "
			"re-encryption: if it never had one, use cryptsetup; else copy it first");
}

void luks2_reencryption_compare(struct luks *luks, const struct luks *own)
{
	if ((luks->reencryption || own->reencryption) && own->seqid >= luks->seqid &&
		!strcmp(luks->uuid, own->uuid))
		require(luks, LUKS_ADVICE_NONE,
			"the header on the device is not older, and only the newest one fits the data of a "
			"re-encryption: leave --header out");
}
