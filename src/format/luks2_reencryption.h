/* SPDX-License-Identifier: MIT */
/*
 * luks2_reencryption - has a re-encryption begun, and how did it stop? (specification 4.9)
 *
 * The requirement says that one is under way. While a part of the data is being written, its segment is
 * flagged "in-reencryption"; without that flag the data is as the segments describe it. The recovery data
 * and the digest are not checked.
 */
#ifndef FORMAT_LUKS2_REENCRYPTION_H
#define FORMAT_LUKS2_REENCRYPTION_H

#include "format/luks.h"

/* What the objects of a header say about it, counted by luks2_json. */
struct luks2_reencryption {
	enum luks_reencryption required; /* CLEAN for every kind that has a digest of its own */
	unsigned version;                /* of the requirement: 2 or 3 */
	uint32_t keyslots;               /* bit n: keyslot n is of the type "reencrypt" */
	/* Segments flagged "backup-previous", "backup-final", "backup-" and whatever, "in-reencryption". */
	unsigned previous, final, backups, hot;
	unsigned moved; /* flagged "backup-moved-segment", but the first */
	unsigned previous_id, final_id;
	bool unknown_word; /* in its keyslot, or a number that none has */
};

/* The state that a requirement called @name stands for; NONE: it is about something else. */
enum luks_reencryption luks2_reencryption_required(const char *name);

/*
 * Set @luks->reencryption, and @luks->requirements accordingly. @digest_keyslots: for each digest of @luks,
 * the keyslots that it names, as bits.
 */
void luks2_reencryption_judge(struct luks *luks, const struct luks2_reencryption *r,
	const uint32_t *digest_keyslots);

/* What its objects say cannot be true together: @luks->requirements forbids to map it. */
void luks2_reencryption_contradicts(struct luks *luks);

/*
 * @luks is a detached header, @own the one on the device of its data. Of the headers that a re-encryption
 * has written only the newest fits the data: to use another one destroys data. @luks->requirements forbids
 * it then.
 */
void luks2_reencryption_compare(struct luks *luks, const struct luks *own);

/* The same where that header cannot be read: a copy of one that was there may be an old one. */
void luks2_reencryption_alone(struct luks *luks);

#endif
