/* SPDX-License-Identifier: MIT */
/* request - see request.h. */
#include "boot/request.h"
#include "keyslot/search.h"

struct unlock_request request_make(const struct plan_volume *volume, const char *path, const char *header)
{
	const struct plan_flags *f = &volume->flags;
	struct unlock_request r = {
		.device = path,
		.name = volume->name,
		.header = header                  ? header
	                  : volume->header.device ? NULL
	                                          : volume->header.path,
		.keyslot = volume->keyslot < 0 ? SEARCH_ANY_KEYSLOT : volume->keyslot,
		.token_id = -1,
		.read_only = f->read_only,
		.disable_keyring = f->disable_keyring,
		.verbose = f->verbose,
		.volume_key_id = volume->volume_key_id,
		.measure_pcrs = volume->measure_pcrs,
		.flags = f->crypt,
		.limits = kdf_default_limits,
		.max_memory_mib = volume->max_memory_mib,
		.max_time_s = volume->max_time_s,
	};

	r.limits.disk_swap = f->allow_swap;
	if (volume->max_lanes)
		r.limits.lanes = volume->max_lanes;
	return r;
}
