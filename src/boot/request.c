/* SPDX-License-Identifier: MIT */
/* request - see request.h. */
#include "boot/request.h"
#include "keyslot/search.h"

struct wishes request_make(const struct plan_volume *volume, const char *path, const char *header)
{
	const struct plan_flags *f = &volume->flags;
	struct wishes w = {
		.device = path,
		.name = volume->name,
		.header = header                  ? header
	                  : volume->header.device ? NULL
	                                          : volume->header.path,
		.keyslot = volume->keyslot < 0 ? SEARCH_ANY_KEYSLOT : volume->keyslot,
		.read_only = f->read_only,
		.disable_keyring = f->disable_keyring,
		.verbose = f->verbose,
		.flags =
			{
				.allow_discards = f->allow_discards,
				.same_cpu_crypt = f->same_cpu_crypt,
				.submit_from_crypt_cpus = f->submit_from_crypt_cpus,
				.no_read_workqueue = f->no_read_workqueue,
				.no_write_workqueue = f->no_write_workqueue,
				.high_priority = f->high_priority,
			},
		.limits = kdf_default_limits,
		.max_memory_mib = volume->max_memory_mib,
		.max_time_s = volume->max_time_s,
	};

	if (volume->max_lanes)
		w.limits.lanes = volume->max_lanes;
	return w;
}
