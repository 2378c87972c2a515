/* SPDX-License-Identifier: MIT */
/* request - see request.h. */
#include "unlock/request.h"
#include <string.h>

bool request_asks_for_tokens(const struct unlock_request *r)
{
	return r->token_only || r->token_id >= 0 || r->token_type;
}

bool request_has_token(const struct unlock_request *r, const struct luks_token *t)
{
	uint32_t keyslots = r->keyslot < 0 ? UINT32_MAX : 1u << r->keyslot;

	return t->keyslots & keyslots && (r->token_id < 0 || t->id == (unsigned)r->token_id) &&
	       (!r->token_type || !strcmp(r->token_type, t->type));
}

struct kdf_limits request_limits(const struct unlock_request *r)
{
	struct kdf_limits limits = r->limits;

	if (r->max_memory_mib) {
		limits.memory_kib =
			r->max_memory_mib > UINT32_MAX >> 10 ? UINT32_MAX : r->max_memory_mib << 10;
		/* As many passes over the most memory as without the option. */
		limits.kib_passes = r->limits.kib_passes / r->limits.memory_kib * limits.memory_kib;
	}
	if (r->max_time_s) {
		limits.time_ms = (uint64_t)r->max_time_s * 1000;
		limits.pbkdf2_iterations = UINT32_MAX;
		limits.kib_passes = UINT64_MAX;
	}
	if (r->patient)
		limits.time_ms = 0;
	return limits;
}
