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

enum cause volume_table_fill(const struct luks_device *d, const struct blkdev *data,
	const struct volume_keys *keys, bool named, struct volume_table *t, struct error *err)
{
	const struct luks *luks = &d->luks;
	uint64_t sizes[LUKS_REGULAR_MAX];
	enum cause cause = refuse_sizes(d, sizes, err);

	if (cause)
		return cause;
	*t = (struct volume_table){.table = {.targets = t->targets, .count = luks->regular_count}};
	for (unsigned i = 0; i < luks->regular_count; i++) {
		const struct luks_segment *seg = &luks->segments[i];
		const struct volume_key *key = volume_key_of(luks, keys, seg->digest);

		t->targets[i] = (struct target){
			.type = seg->linear ? TARGET_LINEAR : TARGET_CRYPT,
			.size_sectors = sizes[i] / 512,
			.major = data->major,
			.minor = data->minor,
			.off_sectors = seg->off / 512,
			.cipher = cipher_in_table(seg->cipher),
			.tag_bytes = cipher_tag_bytes(seg->cipher),
			.key = key ? (unsigned)(key - keys->key) : 0,
			.iv_sectors = seg->iv_sectors,
			.sector_bytes = seg->sector_bytes,
		};
		if (!seg->linear && !key)
			return error_set(err, CAUSE_BUG, "segment %u has no key", i);
	}
	t->integrity = t->targets[0];
	t->integrity.type = TARGET_INTEGRITY;
	t->integrity.no_journal = luks->no_journal;
	fill_keys(luks, keys, named, t);
	return CAUSE_OK;
}
