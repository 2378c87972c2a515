/* SPDX-License-Identifier: MIT */
/*
 * argon2_derive - see argon2_derive.h.
 *
 * The first and the last blocks, the memory and the threads; filling is the chosen core's.
 */
#include "crypto/argon2_derive.h"
#include "base/machine.h"
#include "crypto/argon2_fill.h"
#include "crypto/blake2b.h"
#include "crypto/core.h"
#include "crypto/crew.h"
#include "secret/wipe.h"
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20, VERSION = 0x13, H0_BYTES = 64 };

/* One derivation and its mapping: the scratch of each thread, then the matrix on a huge page's boundary. */
struct derivation {
	struct argon2_fill fill;
	struct argon2_scratch *scratch;
	size_t matrix_bytes;
	uint8_t *map;
	size_t map_bytes;
	const struct argon2_core *core;
	const struct progress *progress;
	uint8_t *out;
	size_t out_bytes;
};

/* --- bytes ------------------------------------------------------------------------------- */

static void put_le32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

/* Words in the machine's order from, or to, little-endian bytes: the same exchange both ways. */
static void block_turn(struct argon2_block *b)
{
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		for (int i = 0; i < ARGON2_BLOCK_WORDS; i++)
			b->w[i] = __builtin_bswap64(b->w[i]);
}

/* H' (RFC 9106, 3.3). */
static void long_hash(struct bytes in, uint8_t *out, size_t out_bytes)
{
	uint8_t length[4], v[BLAKE2B_MAX_BYTES];
	struct bytes parts[] = {{length, sizeof(length)}, in}, chain = {v, sizeof(v)};

	put_le32(length, (uint32_t)out_bytes);
	if (out_bytes <= sizeof(v)) {
		blake2b_hash(parts, 2, out, out_bytes);
		return;
	}
	blake2b_hash(parts, 2, v, sizeof(v));
	for (; out_bytes > sizeof(v); out += sizeof(v) / 2, out_bytes -= sizeof(v) / 2) {
		memcpy(out, v, sizeof(v) / 2);
		if (out_bytes - sizeof(v) / 2 > sizeof(v))
			blake2b_hash(&chain, 1, v, sizeof(v));
	}
	blake2b_hash(&chain, 1, out, out_bytes);
	wipe(v, sizeof(v));
}

/* --- the first blocks (3.2, steps 1 to 4) and the last (steps 7 and 8) ---------------------- */

static void initial_hash(const struct kdf *kdf, uint32_t type, struct bytes secret, size_t out_bytes,
	uint8_t *h0)
{
	const uint32_t numbers[] = {kdf->lanes, (uint32_t)out_bytes, kdf->memory_kib, kdf->iterations,
		VERSION, type, (uint32_t)secret.len};
	uint8_t head[sizeof(numbers)], salt_length[4], none[8] = {0};
	struct bytes parts[] = {
		{head, sizeof(head)}, secret, {salt_length, sizeof(salt_length)},
		{kdf->salt, kdf->salt_bytes},
		{none, sizeof(none)}, /* lengths of the optional key and data, which LUKS does not have */
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		put_le32(head + 4 * i, numbers[i]);
	put_le32(salt_length, kdf->salt_bytes);
	blake2b_hash(parts, sizeof(parts) / sizeof(*parts), h0, H0_BYTES);
}

static void first_blocks(const struct argon2_fill *f, const uint8_t *h0)
{
	uint8_t in[H0_BYTES + 8];

	memcpy(in, h0, H0_BYTES);
	for (uint32_t lane = 0; lane < f->lanes; lane++)
		for (uint32_t i = 0; i < 2; i++) {
			struct argon2_block *b = &f->matrix[(size_t)lane * f->lane_blocks + i];

			put_le32(in + H0_BYTES, i);
			put_le32(in + H0_BYTES + 4, lane);
			long_hash((struct bytes){in, sizeof(in)}, (uint8_t *)b->w, sizeof(b->w));
			block_turn(b);
		}
	wipe(in, sizeof(in));
}

static void tag(const struct derivation *d)
{
	const struct argon2_fill *f = &d->fill;
	struct argon2_block *sum = &d->scratch[0].work;

	*sum = f->matrix[f->lane_blocks - 1];
	for (uint32_t lane = 1; lane < f->lanes; lane++)
		for (int i = 0; i < ARGON2_BLOCK_WORDS; i++)
			sum->w[i] ^= f->matrix[(size_t)lane * f->lane_blocks + f->lane_blocks - 1].w[i];
	block_turn(sum);
	long_hash((struct bytes){sum->w, sizeof(sum->w)}, d->out, d->out_bytes);
}

/* --- the threads ------------------------------------------------------------------------- */

/* Pieces of the matrix, each of one huge page. */
static void wipe_matrix(struct crew *crew, const struct derivation *d)
{
	uint32_t pieces = (uint32_t)((d->matrix_bytes + HUGE_PAGE - 1) / HUGE_PAGE), piece;

	while (crew_take(crew, pieces, &piece)) {
		size_t at = (size_t)piece * HUGE_PAGE, len = d->matrix_bytes - at;

		arch.wipe_area((uint8_t *)d->fill.matrix + at, len < HUGE_PAGE ? len : HUGE_PAGE);
	}
}

static void fill(struct crew *crew, unsigned member, void *context)
{
	const struct derivation *d = context;
	const uint32_t steps = d->fill.passes * ARGON2_SLICES;
	uint32_t lane;

	for (uint32_t step = 0; step < steps; step++) {
		while (crew_take(crew, d->fill.lanes, &lane)) {
			struct argon2_place at = {step / ARGON2_SLICES, step % ARGON2_SLICES, lane};

			argon2_segment(d->core, &d->fill, &at, &d->scratch[member]);
		}
		crew_end_step(crew);
		if (!member && d->progress)
			d->progress->tell(d->progress->context, step + 1, steps);
	}
	if (!member)
		tag(d);
	crew_end_step(crew);
	wipe_matrix(crew, d);
}

/* --- the memory -------------------------------------------------------------------------- */

static bool map(struct derivation *d, unsigned threads)
{
	size_t scratch_bytes = threads * sizeof(*d->scratch);
	uintptr_t matrix;

	if (d->matrix_bytes > SIZE_MAX / 2)
		return false;
	d->map_bytes = scratch_bytes + HUGE_PAGE + d->matrix_bytes;
	d->map = mmap(NULL, d->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (d->map == MAP_FAILED)
		return false;
	d->scratch = (struct argon2_scratch *)d->map;
	matrix = (uintptr_t)d->map + scratch_bytes;
	matrix += (HUGE_PAGE - matrix % HUGE_PAGE) % HUGE_PAGE;
	d->fill.matrix = (struct argon2_block *)matrix;
	(void)madvise(d->map, d->map_bytes, MADV_DONTDUMP);
	/* One fault and one translation for 2 MiB instead of 512. Whoever writes first faults: the threads. */
	(void)madvise(d->fill.matrix, d->matrix_bytes, MADV_HUGEPAGE);
	return true;
}

static bool plan(struct derivation *d, const struct kdf *kdf)
{
	struct argon2_fill *f = &d->fill;

	if (!kdf->lanes || !kdf->iterations || kdf->lanes > 0xffffff || kdf->memory_kib / 8 < kdf->lanes ||
		kdf->iterations > UINT32_MAX / ARGON2_SLICES || d->out_bytes < 4)
		return false;
	f->type = kdf->kind == KDF_ARGON2I ? ARGON2_TYPE_I : ARGON2_TYPE_ID;
	f->passes = kdf->iterations;
	f->lanes = kdf->lanes;
	f->segment_blocks = kdf->memory_kib / (ARGON2_SLICES * kdf->lanes);
	f->lane_blocks = f->segment_blocks * ARGON2_SLICES;
	f->lanes_inverse = UINT64_MAX / kdf->lanes + 1;
	/* Beyond what can be addressed: as large as a size gets, so that map refuses it. */
	d->matrix_bytes = (uint64_t)f->lanes * f->lane_blocks > SIZE_MAX / ARGON2_BLOCK_BYTES
	                          ? SIZE_MAX
	                          : (size_t)f->lanes * f->lane_blocks * ARGON2_BLOCK_BYTES;
	return true;
}

static unsigned threads_for(uint32_t lanes)
{
	unsigned n = machine_processors();

	n = n < lanes ? n : lanes;
	return n < CREW_MAX ? n : CREW_MAX;
}

/* From H0 to the tag. False when the memory cannot be had. */
static bool derive(struct derivation *d, const uint8_t *h0)
{
	unsigned threads = threads_for(d->fill.lanes);
	struct crew crew;

	if (!map(d, threads))
		return false;
	first_blocks(&d->fill, h0);
	crew_run(&crew, threads, fill, d);
	wipe(d->scratch, threads * sizeof(*d->scratch));
	munmap(d->map, d->map_bytes);
	return true;
}

enum cause argon2_derive(const struct kdf *kdf, struct bytes secret, uint8_t *out, size_t out_bytes,
	const struct progress *progress, struct error *err)
{
	struct derivation d = {.core = core_argon2(),
		.progress = progress,
		.out = out,
		.out_bytes = out_bytes};
	enum cause cause = CAUSE_OK;
	uint8_t h0[H0_BYTES];

	if (!plan(&d, kdf))
		return error_set(err, CAUSE_BUG, "%s was asked for with parameters that it cannot have",
			kdf_name(kdf->kind));
	initial_hash(kdf, d.fill.type, secret, out_bytes, h0);
	if (!derive(&d, h0))
		cause = error_set(err, CAUSE_RESOURCE, "%u MiB of memory for %s could not be had",
			kdf->memory_kib >> 10, kdf_name(kdf->kind));
	wipe(h0, sizeof(h0));
	return cause;
}
