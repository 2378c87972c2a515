/* SPDX-License-Identifier: MIT */
/* volume_table - see volume_table.h. */
#include "unlock/volume_table.h"
#include "base/text.h"
#include "unlock/refuse.h"

static void fill_keys(const struct luks *luks, const struct volume_keys *keys, bool named,
	struct volume_table *t)
{
	for (unsigned i = 0; i < keys->count; i++) {
		const struct volume_key *key = &keys->key[i];

		text_format(t->descriptions[i], sizeof(t->descriptions[i]), "cryptsetup:%s-d%u", luks->uuid,
			key->digest_id);
		t->keys[i] = (struct target_key){key->data, key->len, named ? t->descriptions[i] : NULL};
	}
	t->table.keys = t->keys;
	t->table.key_count = keys->count;
}

/* @seg, of @bytes, on @dev. Fails: CAUSE_BUG (its key is missing). */
static enum cause make_target(const struct luks *luks, const struct volume_keys *keys,
	const struct luks_segment *seg, uint64_t bytes, const struct blkdev *dev, struct target *out,
	struct error *err)
{
	const struct volume_key *key = reencryption_key_of(luks, keys, seg->digest);

	*out = (struct target){
		.type = seg->linear ? TARGET_LINEAR : TARGET_CRYPT,
		.size_sectors = bytes / CIPHER_SECTOR_BYTES,
		.major = dev->major,
		.minor = dev->minor,
		.off_sectors = seg->off / CIPHER_SECTOR_BYTES,
		.cipher = cipher_in_table(seg->cipher),
		.tag_bytes = cipher_tag_bytes(seg->cipher),
		.key = key ? (unsigned)(key - keys->key) : 0,
		.iv_sectors = seg->iv_sectors,
		.sector_bytes = seg->sector_bytes,
	};
	return seg->linear || key ? CAUSE_OK : error_set(err, CAUSE_BUG, "a segment has no key");
}

/* In place of @new, the target of the segment that was being written. @used: how many there are. */
static enum cause fill_hot(const struct luks_device *d, const struct volume_devices *on,
	const struct volume_keys *keys, const uint64_t *sizes, struct target *new, unsigned *used,
	struct error *err)
{
	struct target whole[2];
	struct recovery r;
	enum cause cause = recovery_find(d, sizes, &r, err);

	if (!cause)
		cause = make_target(&d->luks, keys, &r.old, r.old.size_bytes,
			r.in_area ? on->header : on->data, whole, err);
	whole[1] = *new;
	if (!cause && r.by_checksum)
		return recovery_split(d, &r, whole, new, used, err);
	*new = whole[0];
	return cause;
}

enum cause volume_table_fill(const struct luks_device *d, const struct volume_devices *on,
	const struct volume_keys *keys, bool named, struct volume_table *t, struct error *err)
{
	const struct luks *luks = &d->luks;
	uint64_t sizes[LUKS_REGULAR_MAX];
	enum cause cause = refuse_sizes(d, sizes, err);

	*t = (struct volume_table){.table = {.targets = t->targets}};
	for (unsigned i = 0; i < luks->regular_count && !cause; i++) {
		struct target *new = t->targets + t->table.count;
		unsigned used = 1;

		cause = make_target(luks, keys, &luks->segments[i], sizes[i], on->data, new, err);
		if (!cause && luks->segments[i].in_reencryption)
			cause = fill_hot(d, on, keys, sizes, new, &used, err);
		t->table.count += used;
	}
	t->integrity = t->targets[0];
	t->integrity.type = TARGET_INTEGRITY;
	t->integrity.no_journal = luks->no_journal;
	fill_keys(luks, keys, named, t);
	return cause;
}
