/* SPDX-License-Identifier: MIT */
/*
 * refuse - devices and headers that must not be mapped.
 *
 * With @r->without_data, what only concerns the data is a notice and no failure.
 */
#ifndef UNLOCK_REFUSE_H
#define UNLOCK_REFUSE_H

#include "unlock/luks_device.h"
#include "unlock/request.h"

/*
 * Before the header is read: is the data device a member of an array or the like? With @r->readonly_member
 * that is a notice.
 * Fails: CAUSE_UNSUPPORTED.
 */
enum cause refuse_member(const struct unlock_request *r, const struct luks_device *d,
	struct error *err) MUST_USE;

/*
 * Requirements that are not met, a segment that cannot be mapped, data that is not on the device.
 * Fails: the cause of the model's verdict; as refuse_sizes.
 */
enum cause refuse_header(const struct unlock_request *r, const struct luks_device *d,
	struct error *err) MUST_USE;

/* A read-only mapping with integrity protection of a device that can be written. Fails: CAUSE_UNSUPPORTED. */
enum cause refuse_readonly(const struct unlock_request *r, const struct luks *luks, const struct blkdev *data,
	struct error *err) MUST_USE;

/* place_sizes, with the device's name in front of the sentence. */
enum cause refuse_sizes(const struct luks_device *d, uint64_t sizes[static LUKS_REGULAR_MAX],
	struct error *err) MUST_USE;

#endif
