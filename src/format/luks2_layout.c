/* SPDX-License-Identifier: MIT */
/* luks2_layout - see luks2_layout.h. */
#include "format/luks2_layout.h"
#include "format/verdict.h"

/* --- numbers and places -------------------------------------------------------------------- */

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

/* Data on the device of its header begins after the keyslots area. Segment 0 at byte 0: a detached header. */
static enum cause check_data_offset(const struct luks *luks, const struct luks2_links *links,
	struct error *err)
{
	uint64_t low = 2 * luks->hdr_size_bytes + luks->keyslots_size_bytes;

	for (unsigned id = 0; luks->segments[0].off && id < luks->segment_count; id++)
		if (!links->segments[id].backup && links->segments[id].off < low)
			return error_set(err, CAUSE_DAMAGED,
				"segment %u: begins at byte %llu, inside the header that ends at %llu", id,
				(unsigned long long)links->segments[id].off, (unsigned long long)low);
	return CAUSE_OK;
}

enum cause luks2_layout_check(struct luks *luks, const struct luks2_links *links, struct error *err)
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
	for (unsigned id = 0; id < regular; id++) {
		uint64_t off = links->segments[id].off, end = off + links->segments[id].size_bytes;

		luks->data_off = id && luks->data_off < off ? luks->data_off : off;
		luks->data_end = luks->data_end < end ? end : luks->data_end;
	}
	if (regular > LUKS_REGULAR_MAX || (regular > 1 && !luks->reencryption))
		verdict_set(&luks->segments[0].verdict, CAUSE_UNSUPPORTED,
			"the data is in %u segments, latchkey maps only one; open it with cryptsetup",
			regular);
	luks->regular_count = regular < LUKS_REGULAR_MAX ? regular : LUKS_REGULAR_MAX;
	cause = check_regular(links, regular, err);
	return cause ? cause : check_data_offset(luks, links, err);
}

/* --- a volume in the middle of a re-encryption ------------------------------------------------ */

/* The digests that have segment @id, as bits of their indexes. */
static uint32_t digests_of(const struct luks *luks, const struct luks2_links *links, unsigned id)
{
	uint32_t bits = 0;

	for (unsigned d = 0; d < luks->digest_count; d++)
		bits |= (links->digest_segments[d] >> id & 1) << d;
	return bits;
}

/* The number of the one bit that is set in @bits; -1: none or several are. */
static int only_bit(uint32_t bits)
{
	return bits && !(bits & (bits - 1)) ? __builtin_ctz(bits) : -1;
}

static bool is_alike(const struct luks_segment *a, const struct luks_segment *b)
{
	return a->linear == b->linear &&
	       (a->linear || (a->cipher == b->cipher && a->sector_bytes == b->sector_bytes));
}

/* What was encrypted is so with a key, before and after; in between data moves by whole sectors of both. */
static bool check_backups(struct luks *luks, const struct luks2_links *links)
{
	struct luks_reencrypt *r = &luks->reencrypt;

	r->previous.digest = only_bit(digests_of(luks, links, links->reencryption.previous_id));
	r->final.digest = only_bit(digests_of(luks, links, links->reencryption.final_id));
	return r->previous.linear == (r->mode == LUKS_MODE_ENCRYPT) &&
	       r->final.linear == (r->mode == LUKS_MODE_DECRYPT) &&
	       r->previous.linear == (r->previous.digest < 0) && r->final.linear == (r->final.digest < 0) &&
	       (!r->has_moved || (luks_reencryption_shifts(luks) && is_alike(&r->moved, &r->previous)));
}

/*
 * Segment @id begins at byte @start of the mapping. The digest of the description does not include it: it is
 * where, and what, the segments that the digest includes say, or the header was changed.
 */
static bool bind_regular(struct luks *luks, const struct luks2_links *links, unsigned id, uint64_t start)
{
	struct luks_segment *seg = &luks->segments[id];
	const struct luks_reencrypt *r = &luks->reencrypt;
	uint32_t digests = digests_of(luks, links, id);
	bool old = is_alike(seg, &r->previous) && !seg->in_reencryption &&
	           (seg->linear ? !digests : digests == 1u << r->previous.digest);
	bool new = is_alike(seg, &r->final) &&
	           (seg->linear                   ? !digests
			   : seg->in_reencryption ? (digests >> r->final.digest & 1) != 0
						  : digests == 1u << r->final.digest);

	seg->digest = new ? r->final.digest : r->previous.digest;
	seg->final = new && seg->off == r->final.off + start;
	if (!seg->linear && seg->iv_sectors != start / CIPHER_SECTOR_BYTES)
		return false;
	if (start % seg->sector_bytes)
		return false;
	if (seg->final)
		return true;
	seg->digest = r->previous.digest;
	/* The first data was moved before all, and is nowhere else until it is done. */
	if (!id && r->has_moved)
		return old && seg->off == r->moved.off && seg->size_bytes == r->moved.size_bytes;
	return old && seg->off == r->previous.off + start;
}

static bool bind_all(struct luks *luks, const struct luks2_links *links)
{
	uint64_t start = 0;

	if (!luks->regular_count || !check_backups(luks, links))
		return false;
	for (unsigned id = 0; id < luks->regular_count; id++) {
		if (!bind_regular(luks, links, id, start))
			return false;
		start += luks->segments[id].size_bytes;
	}
	return true;
}

/* --- verdicts ---------------------------------------------------------------------------------- */

static void adopt(struct luks_verdict *v, const struct luks_segment *seg)
{
	if (seg->verdict.cause)
		verdict_set(v, seg->verdict.cause, "%s", seg->verdict.why);
	else if (cipher_tag_bytes(seg->cipher))
		verdict_set(v, CAUSE_UNSUPPORTED,
			"a re-encryption with integrity protection is not supported; open it with "
			"cryptsetup");
}

static void judge_inline_tags(struct luks *luks)
{
	struct luks_segment *seg = &luks->segments[0];

	if (luks->inline_tags && !cipher_tag_bytes(seg->cipher))
		verdict_set(&seg->verdict, CAUSE_UNSUPPORTED,
			"the header requires \"inline-hw-tags\", but has no integrity protection");
}

/* The data is mapped as a whole: what is wrong with one segment concerns all. */
static void judge_reencryption(struct luks *luks)
{
	const struct luks_reencrypt *r = &luks->reencrypt;
	struct luks_verdict *v = &luks->segments[0].verdict;

	for (unsigned id = 0; id < luks->regular_count; id++)
		adopt(v, &luks->segments[id]);
	adopt(v, &r->previous);
	adopt(v, &r->final);
	judge_inline_tags(luks);
}

static void judge_simple(struct luks *luks)
{
	struct luks_segment *seg = &luks->segments[0];

	if (seg->linear)
		verdict_unsupported(&seg->verdict, "segment type", "linear",
			": its data is not encrypted; there is nothing to unlock");
	/* cryptsetup always writes 0 and ignores any other value. To guess would be to decrypt wrongly. */
	else if (seg->iv_sectors)
		verdict_set(&seg->verdict, CAUSE_UNSUPPORTED,
			"an IV tweak of %llu is not supported; cryptsetup writes 0",
			(unsigned long long)seg->iv_sectors);
	judge_inline_tags(luks);
}

enum cause luks2_layout_bind(struct luks *luks, const struct luks2_links *links, struct error *err)
{
	struct luks_segment *seg = &luks->segments[0];
	uint32_t digests = digests_of(luks, links, 0);

	seg->digest = only_bit(digests);
	if (!luks->reencryption) {
		judge_simple(luks);
		if (!seg->verdict.cause && seg->digest < 0)
			return error_set(err, CAUSE_DAMAGED,
				"segment 0: belongs to %u digests, not to exactly one",
				(unsigned)__builtin_popcount(digests));
		return CAUSE_OK;
	}
	if (luks_reencryption_is_described(luks)) {
		judge_reencryption(luks);
		if (!seg->verdict.cause && !bind_all(luks, links))
			luks2_reencryption_contradicts(luks);
	}
	if (!luks_reencryption_is_described(luks) &&
		(seg->verdict.cause || seg->linear || luks->regular_count > 1)) {
		seg->verdict.cause = CAUSE_OK;
		verdict_set(&seg->verdict, CAUSE_UNSUPPORTED,
			"the data is in %u segment%s, as the re-encryption left it", luks->regular_count,
			luks->regular_count == 1 ? "" : "s");
	}
	return CAUSE_OK;
}
