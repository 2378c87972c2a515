/* SPDX-License-Identifier: MIT */
/* volume_table - from the model of a header and the keys to the table that dm/ maps. */
#ifndef UNLOCK_VOLUME_TABLE_H
#define UNLOCK_VOLUME_TABLE_H

#include "dm/map.h"
#include "keyslot/reencryption.h"
#include "unlock/recovery.h"

struct volume_table {
	struct table table; /* its pointers lead into this struct: it must not move */
	struct target targets[LUKS_REGULAR_MAX - 1 + RECOVERY_TARGETS_MAX];
	struct target integrity; /* of luks_has_integrity: what the only target of the table is to be on */
	struct target_key keys[TABLE_KEYS_MAX];
	char descriptions[TABLE_KEYS_MAX][80];
};

/* The block devices of a volume; the two are one, unless the header is detached. */
struct volume_devices {
	const struct blkdev *data, *header;
};

/*
 * One target for each regular segment of @d, on @on. The one that a crashed re-encryption was writing becomes
 * several, over its recovery data: such a table is for reading only. @named: the keys get descriptions for
 * the kernel's keyring. The flags and read_only are left to the caller.
 * Fails: as refuse_sizes, recovery_find, recovery_split.
 */
enum cause volume_table_fill(const struct luks_device *d, const struct volume_devices *on,
	const struct volume_keys *keys, bool named, struct volume_table *t, struct error *err) MUST_USE;

#endif
