/* SPDX-License-Identifier: MIT */
/* check - is everything there that an unlock will need? Looks, and never writes. */
#include "base/text.h"
#include "command/command.h"
#include "device/find.h"
#include "device/member.h"
#include "keyslot/area.h"
#include "unlock/luks_device.h"
#include <string.h>

/* What was found so far, and of what. */
struct check {
	const struct luks_device *device;
	unsigned faults;
	bool json;
};

/* A line for people, or an object for programs. */
static void report(const struct check *f, const char *what, bool damaged, const char *text)
{
	if (!f->json) {
		text_print(1, "%s: %s%s\n", what, damaged ? "DAMAGED: " : "", text);
		return;
	}
	text_print(1, "{\"what\": \"%s\", \"damaged\": %s", what, damaged ? "true" : "false");
	text_print_member(1, ", ", "text", text);
	text_print(1, "}\n");
}

static void sound(const struct check *f, const char *what, const char *how)
{
	report(f, what, false, how);
}

static void fault(struct check *f, const char *what, const char *why, enum luks_advice advice)
{
	char text[ERROR_TEXT_BYTES];

	text_format(text, sizeof(text), "%s", why);
	place_advise(&f->device->place, &f->device->luks, advice, text);
	f->faults++;
	report(f, what, true, text);
}

/* @advice is for one copy, that which was not used. */
static void check_copy(struct check *f, const char *what, const struct header_copy *c,
	enum luks_advice advice)
{
	char text[96];

	if (!c->sound) {
		fault(f, what, c->why, advice);
		return;
	}
	if (c->seqid != f->device->luks.seqid) {
		text_format(text, sizeof(text), "is older (sequence %llu) than the other copy (%llu)",
			(unsigned long long)c->seqid, (unsigned long long)f->device->luks.seqid);
		fault(f, what, text, advice);
		return;
	}
	text_format(text, sizeof(text), "sound, at byte %llu, sequence %llu", (unsigned long long)c->off,
		(unsigned long long)c->seqid);
	sound(f, what, text);
}

static void check_copies(struct check *f)
{
	const struct header_report *report = &f->device->report;

	if (f->device->luks.version == 1) {
		sound(f, "header",
			"LUKS1, every field within its range (LUKS1 has no checksum and no second copy)");
		return;
	}
	check_copy(f, "primary header", &report->primary, report->advice);
	check_copy(f, "secondary header", &report->secondary, report->advice);
	if (report->primary.sound && report->secondary.sound && report->note[0] &&
		report->primary.seqid == report->secondary.seqid)
		fault(f, "headers", report->note, report->advice);
}

/* A keyslot that cannot be used here has an area all the same, which must not be overwritten either. */
static void check_area(struct check *f, const struct reader *r, const struct luks_keyslot *slot,
	const char *what)
{
	struct area_look look;
	struct error err;
	char text[192];

	if (area_examine(r, slot, &look, &err)) {
		fault(f, what, err.text, LUKS_ADVICE_NONE);
		return;
	}
	if (look.shape != AREA_RANDOM) {
		area_describe(&look, text, sizeof(text));
		fault(f, what, text, LUKS_ADVICE_RESTORE);
		return;
	}
	text_format(text, sizeof(text), "area at byte %llu looks as it should (%u sectors)",
		(unsigned long long)slot->area_off, look.sectors);
	sound(f, what, text);
}

static void check_keyslot(struct check *f, const struct reader *r, const struct luks_keyslot *slot)
{
	uint64_t used_bytes = luks_area_used_bytes(slot);
	char what[32];

	text_format(what, sizeof(what), "keyslot %u", slot->id);
	if (slot->verdict.cause == CAUSE_DAMAGED)
		fault(f, what, slot->verdict.why, LUKS_ADVICE_RESTORE);
	else if (slot->verdict.cause)
		sound(f, what, slot->verdict.why);
	/*
	 * If the key has no length, or is too long for any cipher, it is unknown how much of the area is
	 * filled.
	 */
	if (used_bytes && slot->key_bytes <= LUKS_KEY_MAX_BYTES && used_bytes <= slot->area_size_bytes)
		check_area(f, r, slot, what);
}

/* Is the data that the header describes there, and does it fit the device? */
static void check_segment(struct check *f)
{
	const struct place *place = &f->device->place;
	const struct luks *luks = &f->device->luks;
	const struct luks_segment *seg = &luks->segments[0];
	enum place_kind kind = place_kind(place, luks);
	uint64_t sizes[LUKS_REGULAR_MAX];
	struct error err;
	uint64_t device_bytes = place->device->reader.size_bytes;
	char text[128];

	if (!place_has_keyslots(place, luks)) {
		text_format(text, sizeof(text), "the keyslots area would end at byte %llu: truncated?",
			(unsigned long long)luks_keyslots_end(luks));
		fault(f, "keyslots", text, LUKS_ADVICE_NONE);
	}
	if (seg->verdict.cause && kind == PLACE_VOLUME) {
		/* The data of a detached header is on another device, and begins at byte 0 there. */
		bool has_data = place->header || seg->off;

		/* A header backup ends where the data would begin. */
		if (has_data && luks->data_end > device_bytes && luks->data_off < device_bytes) {
			text_format(text, sizeof(text),
				"the device has %llu bytes, its data would end at byte %llu: truncated?",
				(unsigned long long)device_bytes, (unsigned long long)luks->data_end);
			fault(f, "data", text, LUKS_ADVICE_NONE);
		} else {
			sound(f, "data", seg->verdict.why);
		}
		return;
	}
	if (kind != PLACE_VOLUME) {
		sound(f, "data",
			kind == PLACE_BACKUP ? "none here: this is a header backup"
					     : "none here: this is a detached header");
		return;
	}
	switch (place_sizes(place, luks, sizes, &err)) {
	case CAUSE_OK:
		break;
	case CAUSE_UNSUPPORTED:
		sound(f, "data", err.text);
		return;
	default:
		fault(f, "data", err.text, LUKS_ADVICE_NONE);
		return;
	}
	text_format(text, sizeof(text), "fits the device: from byte %llu on%s", (unsigned long long)seg->off,
		luks_has_integrity(luks) ? "; the kernel finishes its integrity journal when it is mapped"
					 : "");
	sound(f, "data", text);
}

/* Not damage, but to be known before a write to the device. @own: it may be the volume's own data. */
static void report_member(const struct check *f, const struct blkdev *dev, bool own)
{
	char what[MEMBER_TEXT_BYTES], advice[MEMBER_TEXT_BYTES], text[2 * MEMBER_TEXT_BYTES + 64];
	struct member m;

	if (!member_read(dev, &m))
		return;
	member_describe(&m, what);
	member_advise(&m, advice);
	if (own)
		text_format(text, sizeof(text), "%s: it may be the volume's own data, not encrypted yet",
			what);
	else
		text_format(text, sizeof(text), "%s: check the %s, and repair or restore nothing here; %s",
			what, m.mark.whole, advice);
	sound(f, "foreign mark", text);
}

static enum cause check_all(struct check *f, struct error *err)
{
	const struct luks_device *d = f->device;
	const struct luks *luks = &d->luks;
	const struct blkdev *header = luks_device_header(d);
	char text[ERROR_TEXT_BYTES];

	check_copies(f);
	for (unsigned i = 0; i < luks->digest_count; i++)
		if (luks->digests[i].verdict.cause == CAUSE_DAMAGED)
			fault(f, "digest", luks->digests[i].verdict.why, LUKS_ADVICE_RESTORE);
	for (unsigned i = 0; i < luks->keyslot_count; i++)
		check_keyslot(f, &header->reader, &luks->keyslots[i]);
	check_segment(f);
	if (luks->requirements.why[0]) {
		text_format(text, sizeof(text), "%s", luks->requirements.why);
		place_advise(&d->place, luks, luks->requirements.advice, text);
		sound(f, "requirements", text);
	}
	if (f->faults)
		return error_set(err, CAUSE_DAMAGED, "%s: faults: %u, see above", header->name, f->faults);
	return CAUSE_OK;
}

enum cause command_check(const struct options *o, struct error *err)
{
	struct luks_device d;
	struct check f = {&d, 0, o->json};
	enum cause cause = luks_device_open(&d, o->args[0], err);

	if (!cause && !o->request.header)
		report_member(&f, &d.data, false);
	if (!cause)
		cause = luks_device_open_header(&d, o->request.header, err);
	if (!cause && d.place.header)
		report_member(&f, d.place.header, false);
	if (!cause)
		cause = luks_device_load(&d, err);
	if (!cause && d.place.header)
		report_member(&f, &d.data, d.luks.reencryption);
	if (!cause)
		cause = check_all(&f, err);
	luks_device_close(&d);
	return cause;
}
