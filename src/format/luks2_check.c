/* SPDX-License-Identifier: MIT */
/* luks2_check - see luks2_check.h. */
#include "format/luks2_check.h"
#include "base/bytes.h"
#include "format/luks2_layout.h"
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

static enum cause check_references(struct luks *luks, const struct luks2_links *links, struct error *err)
{
	for (unsigned d = 0; d < luks->digest_count; d++) {
		if (links->digest_keyslots[d] & ~links->keyslot_ids)
			return error_set(err, CAUSE_DAMAGED,
				"digest %u: refers to a keyslot that does not exist", luks->digests[d].id);
		if (links->digest_segments[d] & ~links->segment_ids)
			return error_set(err, CAUSE_DAMAGED,
				"digest %u: refers to a segment that does not exist", luks->digests[d].id);
		luks->digests[d].covers_segment = links->digest_segments[d] & 1;
		luks->digests[d].covers_data = links->digest_segments[d];
	}
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
	for (unsigned i = 0; i < luks->regular_count && !luks->segments[0].verdict.cause; i++) {
		const struct luks_segment *seg = &luks->segments[i];

		if (!seg->linear && seg->digest == slot->digest &&
			!cipher_key_fits(seg->cipher, slot->key_bytes))
			verdict_set(&slot->verdict, CAUSE_DAMAGED, "its key of %u bytes does not fit %s",
				slot->key_bytes, cipher_in_table(seg->cipher));
	}
	return CAUSE_OK;
}

enum cause luks2_check(struct luks *luks, const struct luks2_links *links, struct error *err)
{
	enum cause cause = CAUSE_OK;

	for (unsigned i = 0; !cause && i < links->area_count; i++)
		cause = check_area(luks, links->areas, i, err);
	luks2_reencryption_judge(luks, &links->reencryption, links->digest_keyslots);
	if (!cause)
		cause = luks2_layout_check(luks, links, err);
	if (!cause)
		cause = check_references(luks, links, err);
	if (!cause)
		cause = luks2_layout_bind(luks, links, err);
	for (unsigned i = 0; !cause && i < luks->keyslot_count; i++)
		cause = bind_keyslot(luks, links, &luks->keyslots[i], err);
	return cause;
}
