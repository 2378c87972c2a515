/* SPDX-License-Identifier: MIT */
/* header - see header.h. */
#include "format/header.h"
#include "base/text.h"
#include "format/luks1.h"
#include "format/luks2_binary.h"
#include "format/luks2_check.h"
#include "format/luks2_json.h"
#include <string.h>
#include <sys/mman.h>

enum copy_state {
	COPY_ABSENT,     /* no magic there */
	COPY_UNREADABLE, /* the device does not give the bytes */
	COPY_DAMAGED,    /* a magic, but a wrong field, checksum or JSON */
	COPY_SOUND,      /* checksum right */
};

struct copy {
	uint64_t at;
	enum copy_state state;
	unsigned version; /* as the first bytes say, when there is a magic */
	struct luks2_binary bin;
	const char *foreign; /* what seems to have been made over the primary, or NULL */
	bool offline;        /* no header until somebody else's re-encryption has ended */
	uint8_t *data;       /* bin.hdr_size_bytes, mapped; only when sound */
	struct error why;
};

static void copy_close(struct copy *c)
{
	if (c->data)
		munmap(c->data, (size_t)c->bin.hdr_size_bytes);
	c->data = NULL;
}

/* The whole copy behind its @first bytes, in a mapping. */
static enum cause read_rest(const struct reader *r, const uint8_t *first, struct copy *c)
{
	size_t size = (size_t)c->bin.hdr_size_bytes;
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return error_set(&c->why, CAUSE_RESOURCE, "no memory for a header of %llu bytes",
			(unsigned long long)size);
	c->data = map;
	memcpy(c->data, first, LUKS2_BINARY_BYTES);
	return reader_read(r, c->data + LUKS2_BINARY_BYTES, size - LUKS2_BINARY_BYTES,
		c->at + LUKS2_BINARY_BYTES, &c->why);
}

static enum copy_state state_of(enum cause cause)
{
	switch (cause) {
	case CAUSE_OK:
		return COPY_SOUND;
	case CAUSE_DEVICE:
	case CAUSE_RESOURCE:
		return COPY_UNREADABLE;
	default:
		return COPY_DAMAGED;
	}
}

/* The name of what left its mark in the first 4096 bytes of a device, or NULL. */
static const char *foreign_mark(const uint8_t first[static LUKS2_BINARY_BYTES])
{
	static const struct {
		uint16_t off;
		uint8_t len;
		const char *mark, *name;
	} marks[] = {
		{1080, 2, "\x53\xef", "ext4"},
		{0, 4, "XFSB", "xfs"},
		{0, 4, "hsqs", "squashfs"},
		{3, 8, "-FVE-FS-", "BitLocker"},
		{512, 8, "LABELONE", "LVM"},
		{4086, 10, "SWAPSPACE2", "swap"},
		{510, 2, "\x55\xaa", "a partition table, FAT or NTFS"},
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (!memcmp(first + marks[i].off, marks[i].mark, marks[i].len))
			return marks[i].name;
	return NULL;
}

/* The re-encryption of a LUKS1 volume; all fields but the magic are as before. */
static void refuse_offline(const uint8_t *first, struct copy *c)
{
	const char *uuid = (const char *)first + LUKS_UUID_OFF;

	c->offline = true;
	c->state = COPY_DAMAGED;
	c->why.cause = CAUSE_UNSUPPORTED;
	luks_offline_reencryption(c->why.text, sizeof(c->why.text), luks_uuid_is_valid(uuid) ? uuid : "UUID");
}

/* Judge the copy at byte @at: everything but its JSON. */
static void copy_open(const struct reader *r, uint64_t at, struct copy *c)
{
	uint8_t first[LUKS2_BINARY_BYTES];
	enum luks_magic magic;
	enum cause cause;

	*c = (struct copy){.at = at};
	cause = reader_read(r, first, sizeof(first), at, &c->why);
	magic = cause ? LUKS_MAGIC_NONE : luks_magic(first, &c->version);
	if (magic == LUKS_MAGIC_OFFLINE) {
		refuse_offline(first, c);
		return;
	}
	if (!cause && magic == LUKS_MAGIC_NONE) {
		c->foreign = at ? NULL : foreign_mark(first);
		error_set(&c->why, CAUSE_DAMAGED, "has no LUKS magic%s%s",
			c->foreign ? " but the mark of " : "", c->foreign ? c->foreign : "");
		return;
	}
	if (!cause)
		cause = luks2_binary_decode(first, at, &c->bin, &c->why);
	if (!cause)
		cause = read_rest(r, first, c);
	if (!cause)
		cause = luks2_binary_verify(&c->bin, c->data, &c->why);
	c->state = state_of(cause);
	if (cause)
		copy_close(c);
}

/* A bit that a bus flipped on the way is right the second time; damage stays. */
static void copy_open_patiently(const struct reader *r, uint64_t at, struct copy *c)
{
	copy_open(r, at, c);
	if (c->state == COPY_DAMAGED && c->version == 2)
		copy_open(r, at, c);
}

/* Without a primary that could tell: the first sound copy at one of the nine places. */
static void find_secondary(const struct reader *r, struct copy *c)
{
	struct copy best = {0};

	for (uint64_t at = LUKS2_HDR_SIZE_MIN; at <= LUKS2_HDR_SIZE_MAX; at *= 2) {
		if (at + LUKS2_BINARY_BYTES > r->size_bytes)
			break;
		copy_open(r, at, c);
		if (c->state == COPY_SOUND)
			return;
		if (c->state > best.state)
			best = *c;
	}
	*c = best;
}

/* The JSON text ends at the first NUL, and behind it the area is empty (2.2). */
static enum cause json_text(const struct copy *c, const char **text, size_t *len, struct error *err)
{
	size_t area = (size_t)c->bin.hdr_size_bytes - LUKS2_BINARY_BYTES;

	*text = (const char *)c->data + LUKS2_BINARY_BYTES;
	*len = strnlen(*text, area);
	if (*len == area)
		return error_set(err, CAUSE_DAMAGED, "JSON has no end");
	for (size_t i = *len; i < area; i++)
		if ((*text)[i])
			return error_set(err, CAUSE_DAMAGED, "bytes behind the JSON text");
	return CAUSE_OK;
}

static enum cause model_from(const struct copy *c, struct luks *luks, struct error *err)
{
	struct luks2_links links;
	const char *text;
	size_t len;
	enum cause cause;

	memset(luks, 0, sizeof(*luks));
	luks->version = 2;
	luks->seqid = c->bin.seqid;
	luks->hdr_size_bytes = c->bin.hdr_size_bytes;
	memcpy(luks->uuid, c->bin.uuid, sizeof(luks->uuid));
	memcpy(luks->label, c->bin.label, sizeof(luks->label));
	memcpy(luks->subsystem, c->bin.subsystem, sizeof(luks->subsystem));
	cause = json_text(c, &text, &len, err);
	if (!cause)
		cause = luks2_json_read(text, len, luks, &links, err);
	if (!cause)
		cause = luks2_check(luks, &links, err);
	return cause;
}

/* Is the copy written in a way that we do not know? By itself that can be damage, too. */
static bool is_unknown(const struct copy *c)
{
	return c->state == COPY_DAMAGED && c->why.cause == CAUSE_UNSUPPORTED;
}

/*
 * Does a re-encryption stand in what is left of the text? Then no header backup fits the data any more, and who
 * restores one loses it. Neither checksums nor sizes can be trusted here: all bytes of the largest header are looked at.
 */
static bool shows_reencryption(const struct reader *r)
{
	static const char word[] = "reencrypt";
	enum { WORD = sizeof(word) - 1, BLOCK = 4096 };
	uint8_t block[BLOCK];
	struct error err;

	for (uint64_t at = 0; at < 2 * LUKS2_HDR_SIZE_MAX && at < r->size_bytes; at += BLOCK - WORD) {
		uint64_t left = r->size_bytes - at;
		size_t len = left < BLOCK ? (size_t)left : BLOCK;

		if (reader_read(r, block, len, at, &err))
			continue;
		for (size_t i = 0; i + WORD <= len; i++)
			if (block[i] == 'r' && !memcmp(block + i, word, WORD))
				return true;
	}
	return false;
}

/* Against damage that leaves no copy. One that is written in a way that we do not know may be all right. */
static enum luks_advice advice_without_header(const struct reader *r, const struct copy *primary,
	const struct copy *secondary)
{
	if (is_unknown(primary) || is_unknown(secondary))
		return LUKS_ADVICE_NONE;
	return shows_reencryption(r) ? LUKS_ADVICE_COPY : LUKS_ADVICE_RESTORE;
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
	if ((first || second) && (!first || is_unknown(primary)) && (!second || is_unknown(secondary)))
		return error_set(err, CAUSE_UNSUPPORTED, "%s: %s", r->name,
			first ? primary->why.text : secondary->why.text);
	if (first || second) {
		*advice = advice_without_header(r, primary, secondary);
		return error_set(err, CAUSE_DAMAGED,
			"%s: both copies of the LUKS2 header are damaged: primary: %s; secondary: %s",
			r->name, primary->why.text, secondary->why.text);
	}
	if (primary->state == COPY_UNREADABLE && r->size_bytes >= LUKS2_BINARY_BYTES)
		return error_set(err, primary->why.cause, "%s", primary->why.text);
	/* No primary, and what may be the secondary cannot be read: nobody knows whether it is LUKS. */
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
 * A repair writes over what stands in the place of @c. It does not mend what cannot be read, and cryptsetup goes by the
 * version that the first copy says.
 */
static enum luks_advice advice_for(const struct copy *c)
{
	if (c->state == COPY_UNREADABLE || is_unknown(c) || c->version == 1)
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

/* The JSON of @c must keep the rules, too. */
static void judge_json(struct copy *c, struct luks *scratch)
{
	enum cause cause = model_from(c, scratch, &c->why);

	if (cause)
		c->state = state_of(cause);
}

/*
 * The newer sound copy is used; a tie goes to the primary. Both are judged to the end, the
 * older one first, so that @luks is left as the newer says.
 */
static enum cause choose(const struct reader *r, struct copy *primary, struct copy *secondary,
	struct luks *luks, struct header_report *report, struct error *err)
{
	bool newer = secondary->state == COPY_SOUND &&
	             (primary->state != COPY_SOUND || secondary->bin.seqid > primary->bin.seqid);
	struct copy *first = newer ? secondary : primary, *second = newer ? primary : secondary;

	if (second->state == COPY_SOUND)
		judge_json(second, luks);
	if (first->state == COPY_SOUND)
		judge_json(first, luks);
	/* A copy that there was no memory for could be the newer one. */
	for (int i = 0; i < 2; i++)
		if ((i ? second : first)->state == COPY_UNREADABLE &&
			(i ? second : first)->why.cause == CAUSE_RESOURCE)
			return error_set(err, CAUSE_RESOURCE, "%s: %s", r->name,
				(i ? second : first)->why.text);
	if (first->state == COPY_SOUND) {
		report_other(r, first, second, report);
		return CAUSE_OK;
	}
	if (second->state != COPY_SOUND)
		return no_header(r, primary, secondary, &report->advice, err);
	judge_json(second, luks);
	if (second->state != COPY_SOUND)
		return error_set(err, second->why.cause, "%s: %s", r->name, second->why.text);
	report_other(r, second, first, report);
	return CAUSE_OK;
}

static enum cause load_luks1(const struct reader *r, struct luks *luks, struct error *err)
{
	uint8_t data[LUKS1_HEADER_BYTES];
	enum cause cause = reader_read(r, data, sizeof(data), 0, err);

	return cause ? cause : luks1_read(data, luks, err);
}

static enum cause load_luks2(const struct reader *r, struct copy *primary, struct luks *luks,
	struct header_report *report, struct error *err)
{
	struct copy secondary = {0};
	enum cause cause;

	if (primary->state == COPY_SOUND)
		copy_open_patiently(r, primary->bin.hdr_size_bytes, &secondary);
	else
		find_secondary(r, &secondary);
	/* Where it should be and is not: an address for the report. */
	if (!secondary.at) {
		secondary.at = LUKS2_HDR_SIZE_MIN;
		error_set(&secondary.why, CAUSE_DAMAGED, "not found");
	}
	cause = choose(r, primary, &secondary, luks, report, err);
	report_copy(primary, &report->primary);
	report_copy(&secondary, &report->secondary);
	copy_close(&secondary);
	return cause;
}

enum cause header_load(const struct reader *r, struct luks *luks, struct header_report *report,
	struct error *err)
{
	struct copy primary;
	enum cause cause;

	memset(report, 0, sizeof(*report));
	copy_open_patiently(r, 0, &primary);
	if (primary.offline) {
		report_copy(&primary, &report->primary);
		return error_set(err, CAUSE_UNSUPPORTED, "%s: %s", r->name, primary.why.text);
	}
	/* A LUKS2 header whose version was hit by a flipped bit says 1 as well: then the second copy decides. */
	if (primary.state == COPY_DAMAGED && primary.version == 1) {
		cause = load_luks1(r, luks, &primary.why);
		report->primary = (struct header_copy){.present = true, .sound = !cause};
		if (!cause)
			return CAUSE_OK;
	}
	cause = load_luks2(r, &primary, luks, report, err);
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
}
