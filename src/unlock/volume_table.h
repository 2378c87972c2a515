/* SPDX-License-Identifier: MIT */
/* volume_table - from the model of a header and the keys to the table that dm/ maps. */
#ifndef UNLOCK_VOLUME_TABLE_H
#define UNLOCK_VOLUME_TABLE_H

#include "dm/map.h"
#include "keyslot/reencryption.h"
#include "unlock/luks_device.h"

struct volume_table {
	struct table table; /* its pointers lead into this struct: it must not move */
	struct target targets[LUKS_REGULAR_MAX];
	struct target integrity; /* of luks_has_integrity: what the only target of the table is to be on */
	struct target_key keys[TABLE_KEYS_MAX];
	char descriptions[TABLE_KEYS_MAX][80];
};

/*
 * One target for each regular segment of @d, on the block device @data. @named: the keys get descriptions for
 * the kernel's keyring. The flags and read_only are left to the caller.
 * Fails: as refuse_sizes.
 */
enum cause volume_table_fill(const struct luks_device *d, const struct blkdev *data,
	const struct volume_keys *keys, bool named, struct volume_table *t, struct error *err) MUST_USE;

#endif
