/* SPDX-License-Identifier: MIT */
/*
 * header - a device to the model: both copies judged, one used.
 *
 * Each copy is read once into memory; what was checked is what is used. The copy with the
 * right checksum and the higher sequence id wins; a tie goes to the primary; a copy whose
 * JSON breaks the rules does not count. Without a primary the secondary is looked for at
 * the nine places where it can be (specification 2.1, table 1). Nothing is repaired.
 */
#ifndef FORMAT_HEADER_H
#define FORMAT_HEADER_H

#include "base/reader.h"
#include "format/luks.h"

/* What became of one copy. */
struct header_copy {
	bool present; /* something there says that it is a LUKS header */
	bool sound;   /* checksum right, every rule kept */
	uint64_t off; /* where it is, or was looked for */
	uint64_t seqid;
	char why[ERROR_TEXT_BYTES]; /* it is not sound */
};

/* How it went, for people. */
struct header_report {
	bool used_secondary;
	char note[ERROR_TEXT_BYTES]; /* a sentence about a copy that could not be used; "" when all is well */
	enum luks_advice advice;     /* for the note, or when header_load fails */
	struct header_copy primary, secondary;
};

/*
 * Load the LUKS header of @r. LUKS1 has one copy, and @report->secondary stays empty.
 * Fails: CAUSE_DEVICE (not LUKS, unreadable, too short), CAUSE_DAMAGED (no copy holds),
 * CAUSE_UNSUPPORTED (another LUKS version), CAUSE_RESOURCE. @report is filled then, too.
 * What is only unusable (an unknown cipher, a requirement) succeeds with a verdict in the model.
 */
enum cause header_load(const struct reader *r, struct luks *luks, struct header_report *report,
	struct error *err) MUST_USE;

/* Where the text of a token goes. */
struct header_token {
	unsigned id;
	char *text;
	size_t room, len; /* of @text, in bytes; what is there now */
};

/*
 * header_load; and of the copy that is used the text of the token @t->id, unchanged.
 * Fails in addition: CAUSE_USAGE (no such token), CAUSE_UNSUPPORTED (@t->room is too little).
 */
enum cause header_load_token(const struct reader *r, struct luks *luks, struct header_report *report,
	struct header_token *t, struct error *err) MUST_USE;

/*
 * Is the detached header @luks still the newest? There may be another on @data: luks2_reencryption_compare.
 */
void header_judge_detached(const struct reader *data, struct luks *luks);

#endif
