/* SPDX-License-Identifier: MIT */
/*
 * recovery - the segment that a crashed re-encryption was writing, as it was before (specification 4.9).
 *
 * What has been written of it is not known. Its old data is still there: elsewhere, where the data shifts;
 * in the area of the reencrypt keyslot, where that is a journal; or in its place, if the checksum in the
 * area agrees. cryptsetup writes all of the segment anew from it. Here it is only mapped.
 */
#ifndef UNLOCK_RECOVERY_H
#define UNLOCK_RECOVERY_H

#include "dm/target.h"
#include "unlock/luks_device.h"

/* The pieces of one segment. A crash leaves a few; so many fit a request of dm.c, also with keys in hex. */
enum { RECOVERY_TARGETS_MAX = 32 };

struct recovery {
	struct luks_segment old; /* the old data: where it is, how it is encrypted, and its size */
	bool in_area;            /* old.off is on the header device, else on that of the data */
	bool by_checksum;        /* of each block its checksum says whether it is still the old one */
	enum hash hash;          /* by_checksum: of the checksums */
};

/*
 * Where the old data of the segment flagged "in-reencryption" is. @d is crashed (LUKS_REENCRYPTION_CRASHED);
 * @sizes: of luks_data_sizes.
 * Fails: CAUSE_UNSUPPORTED (a kind of recovery data that is not known to be complete, or contradicts the
 * segment).
 */
enum cause recovery_find(const struct luks_device *d, const uint64_t sizes[static LUKS_REGULAR_MAX],
	struct recovery *out, struct error *err) MUST_USE;

/*
 * Of a recovery @r by_checksum: compare all blocks, and write into @out, of RECOVERY_TARGETS_MAX, what maps
 * them; @count: how many. @whole: the targets that would map all as old data, and all as new data.
 * Fails: CAUSE_UNSUPPORTED (too many pieces), CAUSE_DEVICE.
 */
enum cause recovery_split(const struct luks_device *d, const struct recovery *r,
	const struct target whole[static 2], struct target *out, unsigned *count, struct error *err) MUST_USE;

#endif
