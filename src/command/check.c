/* SPDX-License-Identifier: MIT */
/* check - is everything there that an unlock will need? Looks, and never writes. */
#include "base/text.h"
#include "command/command.h"
#include "device/blkdev.h"
#include "format/header.h"
#include "keyslot/area.h"

/* What was found so far. */
struct findings {
	unsigned faults;
};

static void sound(const char *what, const char *how)
{
	text_print(1, "%s: %s\n", what, how);
}

static void fault(struct findings *f, const char *what, const char *why)
{
	f->faults++;
	text_print(1, "%s: DAMAGED: %s\n", what, why);
}

static void check_copy(struct findings *f, const char *what, const struct header_copy *c, uint64_t newest)
{
	char text[96];

	if (!c->sound) {
		fault(f, what, c->why);
		return;
	}
	if (c->seqid != newest) {
		text_format(text, sizeof(text), "is older (sequence %llu) than the other copy (%llu)",
			(unsigned long long)c->seqid, (unsigned long long)newest);
		fault(f, what, text);
		return;
	}
	text_format(text, sizeof(text), "sound, at byte %llu, sequence %llu", (unsigned long long)c->off,
		(unsigned long long)c->seqid);
	sound(what, text);
}

static void check_copies(struct findings *f, const struct luks *luks, const struct header_report *report)
{
	if (luks->version == 1) {
		sound("header",
			"LUKS1, every field within its range (LUKS1 has no checksum and no second copy)");
		return;
	}
	check_copy(f, "primary header", &report->primary, luks->seqid);
	check_copy(f, "secondary header", &report->secondary, luks->seqid);
	if (report->primary.sound && report->secondary.sound && report->note[0] &&
		report->primary.seqid == report->secondary.seqid)
		fault(f, "headers", report->note);
}

/* A keyslot that cannot be used here has an area all the same, which must not be overwritten either. */
static void check_area(struct findings *f, const struct reader *r, const struct luks_keyslot *slot,
	const char *what)
{
	struct area_look look;
	struct error err;
	char text[192];

	if (area_examine(r, slot, &look, &err)) {
		fault(f, what, err.text);
		return;
	}
	if (look.shape != AREA_RANDOM) {
		area_describe(&look, text, sizeof(text));
		fault(f, what, text);
		return;
	}
	text_format(text, sizeof(text), "area at byte %llu looks as it should (%u sectors)",
		(unsigned long long)slot->area_off, look.sectors);
	sound(what, text);
}

static void check_keyslot(struct findings *f, const struct reader *r, const struct luks_keyslot *slot)
{
	uint64_t used_bytes = luks_area_used_bytes(slot);
	char what[32];

	text_format(what, sizeof(what), "keyslot %u", slot->id);
	if (slot->verdict.cause == CAUSE_DAMAGED)
		fault(f, what, slot->verdict.why);
	else if (slot->verdict.cause)
		sound(what, slot->verdict.why);
	/* With a key of no length, or too long for any cipher, nobody knows how much of the area is filled. */
	if (used_bytes && slot->key_bytes <= CIPHER_KEY_MAX_BYTES && used_bytes <= slot->area_size_bytes)
		check_area(f, r, slot, what);
}

/* Does the data that the header describes fit the device? */
static void check_segment(struct findings *f, const struct luks *luks, uint64_t device_bytes)
{
	const struct luks_segment *seg = &luks->segment;
	uint64_t off_sectors, size_sectors;
	struct error err;
	char text[128];

	if (seg->verdict.cause) {
		/* A header backup ends where the data would begin. */
		if (luks->data_end > device_bytes && luks->data_off < device_bytes) {
			text_format(text, sizeof(text),
				"the device has %llu bytes, its data would end at byte %llu: truncated?",
				(unsigned long long)device_bytes, (unsigned long long)luks->data_end);
			fault(f, "data", text);
		} else {
			sound("data", seg->verdict.why);
		}
		return;
	}
	if (luks_data_extent(seg, device_bytes, &off_sectors, &size_sectors, &err)) {
		fault(f, "data", err.text);
		return;
	}
	text_format(text, sizeof(text), "fits the device: from byte %llu on", (unsigned long long)seg->off);
	sound("data", text);
}

static enum cause check_all(const struct options *o, const struct reader *header, const struct reader *data,
	struct error *err)
{
	struct findings f = {0};
	struct header_report report;
	char why[ERROR_TEXT_BYTES];
	struct luks luks;
	enum cause cause = header_load(header, &luks, &report, err);

	if (cause)
		return cause;
	if (o->wishes.header)
		header_judge_detached(data, &luks);
	check_copies(&f, &luks, &report);
	for (unsigned i = 0; i < luks.digest_count; i++)
		if (luks.digests[i].verdict.cause == CAUSE_DAMAGED)
			fault(&f, "digest", luks.digests[i].verdict.why);
	for (unsigned i = 0; i < luks.keyslot_count; i++)
		check_keyslot(&f, header, &luks.keyslots[i]);
	/* A header file by itself has no data to fit. */
	if (luks.segment.off || o->wishes.header)
		check_segment(&f, &luks, data->size_bytes);
	if (luks.requirements.cause) {
		luks_verdict_format(why, sizeof(why), &luks, &luks.requirements, o->args[0],
			o->wishes.header);
		sound("requirements", why);
	}
	if (f.faults)
		return error_set(err, CAUSE_DAMAGED, "%s: faults: %u, see above", header->name, f.faults);
	return CAUSE_OK;
}

enum cause command_check(const struct options *o, struct error *err)
{
	struct blkdev data, header;
	enum cause cause = blkdev_open(o->args[0], &data, err);

	if (cause)
		return cause;
	if (o->wishes.header) {
		cause = blkdev_open(o->wishes.header, &header, err);
		if (!cause) {
			cause = check_all(o, &header.reader, &data.reader, err);
			blkdev_close(&header);
		}
	} else {
		cause = check_all(o, &data.reader, &data.reader, err);
	}
	blkdev_close(&data);
	return cause;
}
