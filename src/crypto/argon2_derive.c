/* SPDX-License-Identifier: MIT */
/* argon2_derive - see argon2_derive.h. */
#include "crypto/argon2_derive.h"
#include "base/machine.h"
#include "crypto/argon2_fill.h"
#include "crypto/team.h"
#include "secret/fatal.h"
#include "secret/wipe.h"
#include <argon2/src/blake2/blake2-impl.h>
#include <argon2/src/blake2/blake2.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

/* One derivation; the matrix begins at a huge page's boundary inside the mapping. */
struct derivation {
	argon2_instance_t instance;
	size_t matrix_bytes;
	uint8_t *map;
	size_t map_bytes;
	const struct progress *progress;
	uint8_t *out;
	size_t out_bytes;
};

/* --- the first blocks and the tag -------------------------------------------------------- */

/* LUKS has neither of the optional inputs, key and associated data. */
static void hash_inputs(const struct derivation *d, const struct kdf *kdf, struct bytes secret, uint8_t *h0)
{
	argon2_context inputs = {.outlen = (uint32_t)d->out_bytes,
		.pwd = CONST_CAST(uint8_t *) secret.data, /* only read: no flag asks for its wiping */
		.pwdlen = (uint32_t)secret.len,
		.salt = CONST_CAST(uint8_t *) kdf->salt,
		.saltlen = kdf->salt_bytes,
		.t_cost = kdf->iterations,
		.m_cost = kdf->memory_kib,
		.lanes = kdf->lanes,
		.version = d->instance.version};

	initial_hash(h0, &inputs, d->instance.type);
}

static void tag(const struct derivation *d)
{
	const argon2_instance_t *m = &d->instance;
	block sum;

	init_block_value(&sum, 0);
	for (uint32_t lane = 0; lane < m->lanes; lane++)
		xor_block(&sum, &m->memory[(size_t)lane * m->lane_length + m->lane_length - 1]);
	for (int i = 0; i < ARGON2_QWORDS_IN_BLOCK; i++)
		store64(&sum.v[i], sum.v[i]);
	/* It refuses only lengths that plan refuses. */
	(void)blake2b_long(d->out, d->out_bytes, sum.v, sizeof(sum.v));
	wipe(&sum, sizeof(sum));
}

/* --- the threads ------------------------------------------------------------------------- */

/* In pieces of one huge page. */
static void wipe_matrix(struct team *team, const struct derivation *d)
{
	uint32_t pieces = (uint32_t)((d->matrix_bytes + HUGE_PAGE - 1) / HUGE_PAGE), piece;

	while (team_take(team, pieces, &piece)) {
		size_t at = (size_t)piece * HUGE_PAGE, len = d->matrix_bytes - at;

		arch.wipe_area((uint8_t *)d->instance.memory + at, len < HUGE_PAGE ? len : HUGE_PAGE);
	}
}

static void fill(struct team *team, unsigned member, void *context)
{
	const struct derivation *d = context;
	const uint32_t steps = d->instance.passes * ARGON2_SYNC_POINTS;
	uint32_t lane;

	for (uint32_t step = 0; step < steps; step++) {
		while (team_take(team, d->instance.lanes, &lane))
			fill_segment(&d->instance, (argon2_position_t){.pass = step / ARGON2_SYNC_POINTS,
							   .lane = lane,
							   .slice = (uint8_t)(step % ARGON2_SYNC_POINTS)});
		team_end_step(team);
		if (!member && d->progress)
			d->progress->tell(d->progress->context, step + 1, steps);
	}
	if (!member)
		tag(d);
	team_end_step(team);
	wipe_matrix(team, d);
}

/* --- the memory -------------------------------------------------------------------------- */

static bool could_swap;

bool argon2_could_swap(void)
{
	return could_swap;
}

/* Not where it is larger than the memory: it was allowed to swap (kdf_limits.h), and locked it would kill. */
static void lock(const struct derivation *d)
{
	if ((d->map_bytes >> 10 > machine_memory_available_kib() ||
		    mlock2(d->map, d->map_bytes, MLOCK_ONFAULT)) &&
		machine_swaps_to_disk())
		could_swap = true;
}

static bool map(struct derivation *d)
{
	const uint64_t bytes = (uint64_t)d->instance.memory_blocks * ARGON2_BLOCK_SIZE;
	uintptr_t matrix;

	if (bytes > SIZE_MAX / 2)
		return false;
	d->matrix_bytes = (size_t)bytes;
	d->map_bytes = HUGE_PAGE + d->matrix_bytes;
	d->map = mmap(NULL, d->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (d->map == MAP_FAILED)
		return false;
	matrix = (uintptr_t)d->map;
	matrix += (HUGE_PAGE - matrix % HUGE_PAGE) % HUGE_PAGE;
	d->instance.memory = (block *)matrix;
	(void)madvise(d->map, d->map_bytes, MADV_DONTDUMP);
	lock(d);
	/* One fault and one translation for 2 MiB instead of 512. The threads fault, by writing first. */
	(void)madvise(d->instance.memory, d->matrix_bytes, MADV_HUGEPAGE);
	return true;
}

static bool plan(struct derivation *d, const struct kdf *kdf)
{
	argon2_instance_t *m = &d->instance;

	if (!kdf->lanes || !kdf->iterations || kdf->lanes > ARGON2_MAX_LANES ||
		kdf->memory_kib / 8 < kdf->lanes || kdf->iterations > UINT32_MAX / ARGON2_SYNC_POINTS ||
		d->out_bytes < ARGON2_MIN_OUTLEN || d->out_bytes > ARGON2_MAX_OUTLEN)
		return false;
	m->version = ARGON2_VERSION_13;
	m->type = kdf->kind == KDF_ARGON2I ? Argon2_i : Argon2_id;
	m->passes = kdf->iterations;
	m->lanes = kdf->lanes;
	m->segment_length = kdf->memory_kib / (ARGON2_SYNC_POINTS * kdf->lanes);
	m->lane_length = m->segment_length * ARGON2_SYNC_POINTS;
	m->memory_blocks = m->lane_length * m->lanes;
	return true;
}

static unsigned threads_for(uint32_t lanes)
{
	unsigned n = machine_processors();

	n = n < lanes ? n : lanes;
	return n < TEAM_MAX ? n : TEAM_MAX;
}

/* From H0 to the tag; fill_first_blocks counts in the 8 bytes after H0. False: no memory. */
static bool derive(struct derivation *d, uint8_t h0[ARGON2_PREHASH_SEED_LENGTH])
{
	struct team team;

	if (!map(d))
		return false;
	/* Chosen before there is a second thread. */
	(void)core_argon2();
	fatal_wipes(FATAL_MATRIX, d->instance.memory, d->matrix_bytes);
	fill_first_blocks(h0, &d->instance);
	team_run(&team, threads_for(d->instance.lanes), fill, d);
	fatal_wipes(FATAL_MATRIX, NULL, 0);
	munmap(d->map, d->map_bytes);
	return true;
}

enum cause argon2_derive(const struct kdf *kdf, struct bytes secret, uint8_t *out, size_t out_bytes,
	const struct progress *progress)
{
	struct derivation d = {.progress = progress, .out = out, .out_bytes = out_bytes};
	uint8_t h0[ARGON2_PREHASH_SEED_LENGTH];
	bool derived;

	if (!plan(&d, kdf))
		return CAUSE_BUG;
	hash_inputs(&d, kdf, secret, h0);
	derived = derive(&d, h0);
	wipe(h0, sizeof(h0));
	return derived ? CAUSE_OK : CAUSE_RESOURCE;
}
