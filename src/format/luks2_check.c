/* SPDX-License-Identifier: MIT */
/* luks2_check - see luks2_check.h. */
#include "format/luks2_check.h"
#include "base/bytes.h"
#include "format/verdict.h"

/* Area @i is inside the keyslots area and shares no byte with those before it (3.2.3, 2.3). */
static enum cause check_area(const struct luks *luks, const struct luks2_area *areas, unsigned i,
	struct error *err)
{
	uint64_t low = 2 * luks->hdr_size_bytes, high = low + luks->keyslots_size_bytes;
	uint64_t off = areas[i].off, size = areas[i].size_bytes;

	if (!size || !bytes_inside(off, size, low, high))
		return error_set(err, CAUSE_DAMAGED,
			"keyslot %u: area at %llu, %llu bytes, is not inside the keyslots area, %llu to %llu",
			areas[i].keyslot, (unsigned long long)off, (unsigned long long)size,
			(unsigned long long)low, (unsigned long long)high);
	for (unsigned j = 0; j < i; j++)
		if (bytes_overlap(off, size, areas[j].off, areas[j].size_bytes))
			return error_set(err, CAUSE_DAMAGED, "keyslots %u and %u: areas overlap",
				areas[j].keyslot, areas[i].keyslot);
	return CAUSE_OK;
}

/* Where segment @id ends; a dynamic one, which only the last may be, takes all there is. */
static uint64_t segment_end(const struct luks2_links *links, unsigned id)
{
	uint64_t size = links->segments[id].size_bytes;

	return size ? links->segments[id].off + size : UINT64_MAX;
}

/* A re-encryption may have moved a segment: the order on the device is not that of the numbers. */
static enum cause check_regular(const struct luks2_links *links, unsigned regular, struct error *err)
{
	for (unsigned id = 0; id < regular; id++) {
		if (id + 1 < regular && !links->segments[id].size_bytes)
			return error_set(err, CAUSE_DAMAGED, "segment %u is \"dynamic\" but not the last",
				id);
		for (unsigned j = 0; j < id; j++)
			if (links->segments[id].off < segment_end(links, j) &&
				links->segments[j].off < segment_end(links, id))
				return error_set(err, CAUSE_DAMAGED, "segments %u and %u overlap", j, id);
	}
	return CAUSE_OK;
}

/* Only one segment, by itself, is mapped; what was said of it does not hold for the whole. */
static void judge_segments(struct luks *luks, const struct luks2_links *links, unsigned regular)
{
	struct luks_verdict *v = &luks->segment.verdict;

	for (unsigned id = 0; id < regular; id++) {
		uint64_t off = links->segments[id].off, end = off + links->segments[id].size_bytes;

		luks->data_off = id && luks->data_off < off ? luks->data_off : off;
		luks->data_end = luks->data_end < end ? end : luks->data_end;
	}
	if (luks->reencryption && v->cause)
		v->cause = CAUSE_OK;
	else if (regular <= 1)
		return;
	verdict_set(v, CAUSE_UNSUPPORTED,
		luks->reencryption
			? "the data is in %u segment%s, as the re-encryption left it"
			: "the data is in %u segment%s, latchkey maps only one; open it with cryptsetup",
		regular, regular == 1 ? "" : "s");
}

/*
 * The numbers have no gaps, the regular segments come first and do not overlap. Flags mark backup segments.
 */
static enum cause check_segments(struct luks *luks, const struct luks2_links *links, struct error *err)
{
	unsigned regular = 0;
	enum cause cause;

	if (!luks->segment_count)
		return error_set(err, CAUSE_DAMAGED, "no segment in the header");
	for (unsigned id = 0; id < luks->segment_count; id++) {
		if (!(links->segment_ids & 1u << id))
			return error_set(err, CAUSE_DAMAGED, "segment %u is missing", id);
		if (links->segments[id].backup)
			continue;
		if (regular != id)
			return error_set(err, CAUSE_DAMAGED, "segment %u follows a backup segment", id);
		regular++;
	}
	cause = check_regular(links, regular, err);
	if (!cause)
		judge_segments(luks, links, regular);
	return cause;
}

/* Data on the device of its header begins after the keyslots area. Segment 0 at byte 0: a detached header. */
static enum cause check_data_offset(const struct luks *luks, const struct luks2_links *links,
	struct error *err)
{
	uint64_t low = 2 * luks->hdr_size_bytes + luks->keyslots_size_bytes;

	for (unsigned id = 0; luks->segment.off && id < luks->segment_count; id++)
		if (!links->segments[id].backup && links->segments[id].off < low)
			return error_set(err, CAUSE_DAMAGED,
				"segment %u: begins at byte %llu, inside the header that ends at %llu", id,
				(unsigned long long)links->segments[id].off, (unsigned long long)low);
	return CAUSE_OK;
}

static enum cause check_references(struct luks *luks, const struct luks2_links *links, struct error *err)
{
	unsigned covering = 0;

	for (unsigned d = 0; d < luks->digest_count; d++) {
		if (links->digest_keyslots[d] & ~links->keyslot_ids)
			return error_set(err, CAUSE_DAMAGED,
				"digest %u: refers to a keyslot that does not exist", luks->digests[d].id);
		if (links->digest_segments[d] & ~links->segment_ids)
			return error_set(err, CAUSE_DAMAGED,
				"digest %u: refers to a segment that does not exist", luks->digests[d].id);
		luks->digests[d].covers_segment = links->digest_segments[d] & 1;
		luks->digests[d].covers_data = links->digest_segments[d];
		covering += luks->digests[d].covers_segment;
	}
	/* What is being written belongs to the old and to the new key. */
	if (!luks->segment.verdict.cause && !luks->reencryption && covering != 1)
		return error_set(err, CAUSE_DAMAGED, "segment 0: belongs to %u digests, not to exactly one",
			covering);
	return CAUSE_OK;
}

/* A keyslot belongs to exactly one digest, and its key must fit the segment that the digest covers. */
static enum cause bind_keyslot(struct luks *luks, const struct luks2_links *links, struct luks_keyslot *slot,
	struct error *err)
{
	unsigned bound = 0;

	slot->digest = -1;
	for (unsigned d = 0; d < luks->digest_count; d++) {
		if (!(links->digest_keyslots[d] & 1u << slot->id))
			continue;
		slot->digest = (int)d;
		bound++;
	}
	if (bound != 1)
		return error_set(err, CAUSE_DAMAGED, "keyslot %u: belongs to %u digests, not to exactly one",
			slot->id, bound);
	if (luks->digests[slot->digest].covers_segment && !luks->segment.verdict.cause &&
		!luks->reencryption && !cipher_key_fits(luks->segment.cipher, slot->key_bytes))
		verdict_set(&slot->verdict, CAUSE_DAMAGED, "its key of %u bytes does not fit %s",
			slot->key_bytes, cipher_name(luks->segment.cipher));
	return CAUSE_OK;
}

enum cause luks2_check(struct luks *luks, const struct luks2_links *links, struct error *err)
{
	enum cause cause = CAUSE_OK;

	for (unsigned i = 0; !cause && i < links->area_count; i++)
		cause = check_area(luks, links->areas, i, err);
	luks2_reencryption_judge(luks, &links->reencryption, links->digest_keyslots);
	if (!cause)
		cause = check_segments(luks, links, err);
	if (!cause)
		cause = check_data_offset(luks, links, err);
	if (!cause)
		cause = check_references(luks, links, err);
	for (unsigned i = 0; !cause && i < luks->keyslot_count; i++)
		cause = bind_keyslot(luks, links, &luks->keyslots[i], err);
	return cause;
}
