/* SPDX-License-Identifier: MIT */
/* recovery - see recovery.h. */
#include "unlock/recovery.h"
#include <string.h>

enum { BLOCK_BYTES_MAX = 4096 };

/* Is there a checksum for each block of @size bytes, and does no sector cross the end of a block? */
static bool has_checksums(const struct luks_reencrypt *r, const struct luks_segment *hot, uint64_t size,
	struct recovery *out)
{
	uint32_t block = r->area_sector_bytes;

	out->by_checksum = true;
	return hash_find(r->area_hash, &out->hash) && block && block <= BLOCK_BYTES_MAX &&
	       !(block % hot->sector_bytes) && !(block % out->old.sector_bytes) && !(size % block) &&
	       size / block <= r->area_size_bytes / hash_bytes(out->hash);
}

/* Is the old data of @hot, at @out->old, known to be complete? */
static bool is_complete(const struct luks *luks, const struct luks_segment *hot, uint64_t size,
	uint64_t device_bytes, struct recovery *out)
{
	const struct luks_reencrypt *r = &luks->reencrypt;

	if (out->old.off == hot->off && r->area_hash[0])
		return has_checksums(r, hot, size, out);
	if (out->old.off == hot->off) {
		out->in_area = true;
		out->old.off = r->area_off;
		return r->resilience == LUKS_RESILIENCE_JOURNAL && size <= r->area_size_bytes;
	}
	/* Elsewhere it is untouched, if what was being written does not reach it. */
	return luks_reencryption_shifts(luks) && r->resilience != LUKS_RESILIENCE_DATASHIFT_JOURNAL &&
	       bytes_inside(out->old.off, size, 0, device_bytes) &&
	       !bytes_overlap(out->old.off, size, hot->off, size);
}

enum cause recovery_find(const struct luks_device *d, const uint64_t sizes[static LUKS_REGULAR_MAX],
	struct recovery *out, struct error *err)
{
	const struct luks *luks = &d->luks;
	const struct luks_reencrypt *r = &luks->reencrypt;
	uint64_t start = 0;
	unsigned hot = 0;

	while (hot + 1 < luks->regular_count && !luks->segments[hot].in_reencryption)
		start += sizes[hot++];
	/* The first of it may have been moved away before all. */
	*out = (struct recovery){.old = !start && r->has_moved ? r->moved : r->previous};
	out->old.off += start;
	out->old.iv_sectors = start / CIPHER_SECTOR_BYTES;
	out->old.digest = r->previous.digest;
	if (!luks->segments[hot].in_reencryption || (start | sizes[hot]) % out->old.sector_bytes ||
		(out->old.size_bytes && sizes[hot] > out->old.size_bytes) ||
		!is_complete(luks, &luks->segments[hot], sizes[hot], d->data.reader.size_bytes, out))
		return error_set(err, CAUSE_UNSUPPORTED,
			"its recovery data, of the kind \"%s\", cannot be mapped",
			luks_word(LUKS_WORDS_RESILIENCE, r->resilience));
	out->old.size_bytes = sizes[hot];
	return CAUSE_OK;
}

enum cause recovery_split(const struct luks_device *d, const struct recovery *r,
	const struct target whole[static 2], struct target *out, unsigned *count, struct error *err)
{
	const struct luks_reencrypt *area = &d->luks.reencrypt;
	uint8_t block[BLOCK_BYTES_MAX], stored[HASH_MAX_BYTES], found[HASH_MAX_BYTES];
	size_t bytes = area->area_sector_bytes, len = hash_bytes(r->hash);
	int last = -1, is_new;

	*count = 0;
	for (uint64_t at = 0; at < r->old.size_bytes; at += bytes) {
		enum cause cause = reader_read(&d->data.reader, block, bytes, r->old.off + at, err);

		if (!cause)
			cause = reader_read(&luks_device_header(d)->reader, stored, len,
				area->area_off + at / bytes * len, err);
		if (cause)
			return cause;
		hash_run(r->hash, &(struct bytes){block, bytes}, 1, found);
		is_new = memcmp(stored, found, len) != 0;
		if (is_new != last) {
			if (*count == RECOVERY_TARGETS_MAX)
				return error_set(err, CAUSE_UNSUPPORTED,
					"%s: the part being written is in more than %u pieces", d->data.name,
					RECOVERY_TARGETS_MAX);
			last = is_new;
			out[*count] = whole[is_new];
			out[*count].off_sectors += at / CIPHER_SECTOR_BYTES;
			out[*count].iv_sectors += at / CIPHER_SECTOR_BYTES;
			out[(*count)++].size_sectors = 0;
		}
		out[*count - 1].size_sectors += bytes / CIPHER_SECTOR_BYTES;
	}
	return CAUSE_OK;
}
