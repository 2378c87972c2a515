/* SPDX-License-Identifier: MIT */
/* budget - see budget.h. */
#include "keyslot/budget.h"
#include <string.h>

/* No supported machine is slower. */
enum { SLOWEST_ITERATIONS_PER_MS = 5, SLOWEST_KIB_PER_MS = 4 };

static struct kdf digest_kdf(const struct luks_digest *d)
{
	return (struct kdf){.kind = KDF_PBKDF2,
		.hash = d->hash,
		.iterations = d->iterations,
		.salt_bytes = 32};
}

/* How long it takes at most, without a measurement. */
static uint64_t most_ms(const struct luks *luks, const struct luks_keyslot *slot)
{
	const uint64_t work = kdf_work(&slot->kdf);

	return luks->digests[slot->digest].iterations / SLOWEST_ITERATIONS_PER_MS +
	       work / (slot->kdf.kind == KDF_PBKDF2 ? SLOWEST_ITERATIONS_PER_MS : SLOWEST_KIB_PER_MS);
}

uint64_t budget_cost_ms(const struct luks *luks, const struct luks_keyslot *slot)
{
	const struct luks_digest *d = &luks->digests[slot->digest];
	const struct kdf digest = digest_kdf(d);
	uint64_t derive = kdf_cost_ms(&slot->kdf, slot->area_key_bytes),
		 prove = kdf_cost_ms(&digest, d->value_bytes);

	return derive > UINT64_MAX / LUKS_KEYSLOTS_MAX - prove ? UINT64_MAX / LUKS_KEYSLOTS_MAX
	                                                       : derive + prove;
}

/* A keyslot, its cost and its place move before those of the same priority that cost more. */
static void sort(const struct luks_keyslot **list, uint64_t *costs, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		for (unsigned k = i;
			k && costs[k] < costs[k - 1] && list[k]->priority == list[k - 1]->priority; k--) {
			const struct luks_keyslot *slot = list[k];
			uint64_t cost = costs[k];

			list[k] = list[k - 1];
			costs[k] = costs[k - 1];
			list[k - 1] = slot;
			costs[k - 1] = cost;
		}
}

/* Those that are too much go to the end; the order stays otherwise. */
static unsigned divide(const struct luks_keyslot **list, const uint64_t *costs, unsigned n, uint64_t limit_ms)
{
	const struct luks_keyslot *late[LUKS_KEYSLOTS_MAX];
	unsigned kept = 0, left = 0;
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++) {
		if (costs[i] > limit_ms - sum) {
			late[left++] = list[i];
			continue;
		}
		sum += costs[i];
		list[kept++] = list[i];
	}
	memcpy(list + kept, late, left * sizeof(*late));
	return kept;
}

unsigned budget_fit(const struct keyslot_source *src, const struct luks_keyslot **list, unsigned n,
	uint64_t *needed_ms)
{
	uint64_t costs[LUKS_KEYSLOTS_MAX], sum = 0;
	struct error ignored;

	*needed_ms = 0;
	if (!src->limits.time_ms)
		return n;
	for (unsigned i = 0; i < n; i++) {
		costs[i] = keyslot_check(src, list[i], &ignored) ? 0 : most_ms(src->luks, list[i]);
		sum += costs[i];
	}
	if (sum <= src->limits.time_ms)
		return n;
	sum = 0;
	for (unsigned i = 0; i < n; i++) {
		costs[i] = costs[i] ? budget_cost_ms(src->luks, list[i]) : 0;
		sum += costs[i];
	}
	if (sum <= src->limits.time_ms)
		return n;
	*needed_ms = sum;
	sort(list, costs, n);
	return divide(list, costs, n, src->limits.time_ms);
}
