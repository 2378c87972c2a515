/* SPDX-License-Identifier: MIT */
/* header - see header.h. */
#include "format/header.h"
#include "base/text.h"
#include "format/copy.h"
#include "format/luks1.h"
#include "format/luks2_reencryption.h"
#include <string.h>

/*
 * Does what is left of the text mention a re-encryption? Then no header backup fits the data any more, and
 * to restore one loses it. Neither checksums nor sizes can be trusted here: the size of the largest header
 * is searched.
 */
static bool shows_reencryption(const struct reader *r)
{
	static const char word[] = "reencrypt";
	enum { WORD = sizeof(word) - 1, BLOCK = 4096, BAD_READS_MAX = 3 };
	uint8_t block[BLOCK];
	unsigned bad_reads = 0;
	struct error err;

	for (uint64_t at = 0; bad_reads < BAD_READS_MAX && at < 2 * LUKS2_HDR_SIZE_MAX && at < r->size_bytes;
		at += BLOCK - WORD) {
		uint64_t left = r->size_bytes - at;
		size_t len = left < BLOCK ? (size_t)left : BLOCK;

		if (reader_read(r, block, len, at, &err)) {
			bad_reads++; /* each may take a failing disk a minute */
			continue;
		}
		/* A word across the end is whole in the next block. */
		for (const uint8_t *p = block; (p = memchr(p, *word, (size_t)(block + len - p))); p++)
			if (p + WORD <= block + len && !memcmp(p, word, WORD))
				return true;
	}
	return false;
}

/* Against damage that leaves no copy. One that is written in a way that we do not know may be all right. */
static enum luks_advice advice_without_header(const struct reader *r, const struct copy *primary,
	const struct copy *secondary)
{
	if (copy_is_unknown(primary) || copy_is_unknown(secondary))
		return LUKS_ADVICE_NONE;
	return shows_reencryption(r) ? LUKS_ADVICE_COPY : LUKS_ADVICE_RESTORE;
}

/* What is wrong with @c is what is wrong with the device. */
static enum cause fail_as(const struct copy *c, const struct reader *r, struct error *err)
{
	return error_set(err, c->why.cause, "%s: %s", r->name, c->why.text);
}

/* No copy could be used: say what is wrong with the device. */
static enum cause no_header(const struct reader *r, const struct copy *primary, const struct copy *secondary,
	enum luks_advice *advice, struct error *err)
{
	bool first = primary->state >= COPY_DAMAGED, second = secondary->state >= COPY_DAMAGED;

	if (first && primary->version == 1 && !second) {
		*advice = advice_without_header(r, primary, secondary);
		return error_set(err, primary->why.cause, "%s: the LUKS1 header is damaged: %s", r->name,
			primary->why.text);
	}
	if ((first || second) && (!first || copy_is_unknown(primary)) &&
		(!second || copy_is_unknown(secondary)))
		return fail_as(first ? primary : secondary, r, err);
	if (first || second) {
		*advice = advice_without_header(r, primary, secondary);
		return error_set(err, CAUSE_DAMAGED,
			"%s: both copies of the LUKS2 header are damaged: primary: %s; secondary: %s",
			r->name, primary->why.text, secondary->why.text);
	}
	if (primary->state == COPY_UNREADABLE && r->size_bytes >= LUKS2_BINARY_BYTES)
		return error_set(err, primary->why.cause, "%s", primary->why.text);
	/* No primary, and what may be the secondary cannot be read: it may or may not be LUKS. */
	if (secondary->state == COPY_UNREADABLE)
		return error_set(err, secondary->why.cause, "%s", secondary->why.text);
	return error_set(err, CAUSE_DEVICE, "%s: is not a LUKS device", r->name);
}

static void report_copy(const struct copy *c, struct header_copy *out)
{
	*out = (struct header_copy){.off = c->at, .present = c->state >= COPY_DAMAGED, .seqid = c->bin.seqid};
	out->sound = c->state == COPY_SOUND;
	if (!out->sound)
		text_format(out->why, sizeof(out->why), "%s", c->why.text);
}

/*
 * A repair overwrites what is in the place of @c. It does not help where that cannot be read, and
 * cryptsetup believes the version in the first copy.
 */
static enum luks_advice advice_for(const struct copy *c)
{
	if (c->state == COPY_UNREADABLE || copy_is_unknown(c) || c->version == 1)
		return LUKS_ADVICE_NONE;
	if (!c->foreign)
		return LUKS_ADVICE_REPAIR;
	return strcmp(c->foreign, "LVM") ? LUKS_ADVICE_REPAIR_UNLESS_NEW : LUKS_ADVICE_NONE;
}

/* What is worth a sentence about the copy that is not used. */
static void report_other(const struct reader *r, const struct copy *used, const struct copy *other,
	struct header_report *report)
{
	const char *name = other->at ? "secondary" : "primary";

	report->used_secondary = used->at != 0;
	if (other->state != COPY_SOUND) {
		report->advice = advice_for(other);
		text_format(report->note, sizeof(report->note),
			"%s: the %s header cannot be used (%s), the other copy is used", r->name, name,
			other->why.text);
	} else if (other->bin.seqid != used->bin.seqid) {
		report->advice = LUKS_ADVICE_REPAIR;
		text_format(report->note, sizeof(report->note),
			"%s: the %s header is older (%llu, not %llu) and was not used", r->name, name,
			(unsigned long long)other->bin.seqid, (unsigned long long)used->bin.seqid);
	} else if (memcmp(used->data + LUKS2_BINARY_BYTES, other->data + LUKS2_BINARY_BYTES,
			   (size_t)used->bin.hdr_size_bytes - LUKS2_BINARY_BYTES)) {
		text_format(report->note, sizeof(report->note),
			"%s: the two header copies have the same sequence id and differ; the primary is used",
			r->name);
	}
}

static bool lacks_memory(const struct copy *c)
{
	return c->state == COPY_UNREADABLE && c->why.cause == CAUSE_RESOURCE;
}

/* The newer sound copy is used; a tie goes to the primary. Both are judged to the end. */
static enum cause choose(const struct reader *r, struct copy *primary, struct copy *secondary,
	struct luks *luks, struct header_report *report, struct error *err)
{
	bool newer = secondary->state == COPY_SOUND &&
	             (primary->state != COPY_SOUND || secondary->bin.seqid > primary->bin.seqid);
	struct copy *used = newer ? secondary : primary, *other = newer ? primary : secondary;
	struct luks spare;

	copy_judge(used, luks);
	copy_judge(other, &spare);
	/* A copy that there was no memory for could be the newer one. */
	if (lacks_memory(used) || lacks_memory(other))
		return fail_as(lacks_memory(used) ? used : other, r, err);
	if (used->state != COPY_SOUND && other->state != COPY_SOUND)
		return no_header(r, primary, secondary, &report->advice, err);
	if (used->state != COPY_SOUND) {
		*luks = spare;
		used = other;
		other = newer ? secondary : primary;
	}
	report_other(r, used, other, report);
	return CAUSE_OK;
}

static enum cause load_luks1(const struct reader *r, struct luks *luks, struct error *err)
{
	uint8_t data[LUKS1_HEADER_BYTES];
	enum cause cause = reader_read(r, data, sizeof(data), 0, err);

	return cause ? cause : luks1_read(data, luks, err);
}

static enum cause take_token(const struct copy *c, struct header_token *t, struct error *err)
{
	const char *text;

	t->len = copy_token(c, t->id, &text);
	if (!t->len)
		return error_set(err, CAUSE_USAGE, "has no token %u", t->id);
	if (t->len > t->room)
		return error_set(err, CAUSE_UNSUPPORTED, "token %u has %llu bytes", t->id,
			(unsigned long long)t->len);
	memcpy(t->text, text, t->len);
	return CAUSE_OK;
}

static enum cause load_luks2(const struct reader *r, struct copy *primary, struct luks *luks,
	struct header_report *report, struct header_token *t, struct error *err)
{
	struct copy secondary = {0};
	enum cause cause;

	if (primary->state == COPY_SOUND)
		copy_open(r, primary->bin.hdr_size_bytes, &secondary);
	else
		copy_find_secondary(r, &secondary);
	/* Where it should be and is not: an address for the report. */
	if (!secondary.at) {
		secondary.at = LUKS2_HDR_SIZE_MIN;
		error_set(&secondary.why, CAUSE_DAMAGED, "not found");
	}
	cause = choose(r, primary, &secondary, luks, report, err);
	if (!cause && t)
		cause = take_token(report->used_secondary ? &secondary : primary, t, err);
	report_copy(primary, &report->primary);
	report_copy(&secondary, &report->secondary);
	copy_close(&secondary);
	return cause;
}

enum cause header_load(const struct reader *r, struct luks *luks, struct header_report *report,
	struct error *err)
{
	return header_load_token(r, luks, report, NULL, err);
}

enum cause header_load_token(const struct reader *r, struct luks *luks, struct header_report *report,
	struct header_token *t, struct error *err)
{
	struct copy primary;
	enum cause cause;

	memset(report, 0, sizeof(*report));
	copy_open(r, 0, &primary);
	if (primary.offline) {
		report_copy(&primary, &report->primary);
		return fail_as(&primary, r, err);
	}
	/*
	 * A LUKS2 header whose version was hit by a flipped bit says 1 as well: then the second copy decides.
	 */
	if (primary.state == COPY_DAMAGED && primary.version == 1) {
		cause = load_luks1(r, luks, &primary.why);
		report->primary = (struct header_copy){.present = true, .sound = !cause};
		if (!cause)
			return CAUSE_OK;
	}
	cause = load_luks2(r, &primary, luks, report, t, err);
	copy_close(&primary);
	return cause;
}

void header_judge_detached(const struct reader *data, struct luks *luks)
{
	struct header_report report;
	struct error err;
	struct luks own;

	if (!header_load(data, &own, &report, &err))
		luks2_reencryption_compare(luks, &own);
	else
		luks2_reencryption_alone(luks);
}
