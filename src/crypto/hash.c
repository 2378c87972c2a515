/* SPDX-License-Identifier: MIT */
/*
 * hash - see hash.h.
 *
 * Padding, HMAC and PBKDF2 are here; the compression functions and PBKDF2's loop
 * are the chosen core's. HMAC's two key blocks are compressed once for all iterations,
 * so an iteration is two compressions and nothing else.
 */
#include "crypto/hash.h"
#include "crypto/core.h"
#include "crypto/other_hash.h"
#include "secret/wipe.h"
#include <string.h>
#include <strings.h>

enum {
	BLOCK_MAX_BYTES = 144,
	/* Outputs that are computed together: enough for any key. */
	BATCH = CORE_OUTPUTS,
	/* Iterations between two reports: a few milliseconds here, a second or two on the slowest router. */
	STEP = 1 << 14,
};

/* --- SHA-1 and SHA-2 ---------------------------------------------------------------------- */

/* Of those that have a core: FIPS 180-4, 5.3. */
static const union hash_state initial[] = {
	[HASH_SHA1] = {.w32 = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}},
	[HASH_SHA224] = {.w32 = {0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511,
				 0x64f98fa7, 0xbefa4fa4}},
	[HASH_SHA256] = {.w32 = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
				 0x1f83d9ab, 0x5be0cd19}},
	[HASH_SHA384] = {.w64 = {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17,
				 0x152fecd8f70e5939, 0x67332667ffc00b31, 0x8eb44a8768581511,
				 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4}},
	[HASH_SHA512] = {.w64 = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
				 0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
				 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179}},
};

static void begin_blocks(struct hash_run *r, enum hash h)
{
	r->bytes = 0;
	r->core = core_hash(r->info->core);
	r->state = initial[h];
}

/* Bytes in r->block. A mask: a division of 64 bits is a long way on a 32-bit processor. */
static size_t used_bytes(const struct hash_run *r)
{
	return (size_t)r->bytes & (r->info->block_bytes - 1u);
}

static void add_blocks(struct hash_run *r, const void *data, size_t len)
{
	const size_t block = r->info->block_bytes;
	const uint8_t *p = data;
	size_t used = used_bytes(r);

	r->bytes += len;
	if (used) {
		size_t take = len < block - used ? len : block - used;

		memcpy(r->block + used, p, take);
		p += take, len -= take, used += take;
		if (used < block)
			return;
		r->core->compress(&r->state, r->block, 1);
	}
	if (len >= block)
		r->core->compress(&r->state, p, len / block);
	if (len % block)
		memcpy(r->block, p + len / block * block, len % block);
}

/* Padding: one bit, zeros, the length in bits (FIPS 180-4, 5.1); its upper half is always 0 here. */
static void pad_blocks(struct hash_run *r)
{
	const size_t block = r->info->block_bytes;
	const uint64_t bits = r->bytes * 8;
	size_t used = used_bytes(r);

	r->block[used++] = 0x80;
	if (used > block - 2 * r->info->word_bytes) {
		memset(r->block + used, 0, block - used);
		r->core->compress(&r->state, r->block, 1);
		used = 0;
	}
	memset(r->block + used, 0, block - 8 - used);
	bytes_put_be32(r->block + block - 8, (uint32_t)(bits >> 32));
	bytes_put_be32(r->block + block - 4, (uint32_t)bits);
	r->core->compress(&r->state, r->block, 1);
}

static const struct hash_construction sha2 = {begin_blocks, add_blocks, pad_blocks};

/* --- all of them ---------------------------------------------------------------------------- */

static const struct hash_info hashes[HASH_COUNT] = {
	[HASH_SHA1] = {"sha1", &sha2, CORE_SHA1, 20, 64, 4, true},
	[HASH_SHA224] = {"sha224", &sha2, CORE_SHA256, 28, 64, 4, false},
	[HASH_SHA256] = {"sha256", &sha2, CORE_SHA256, 32, 64, 4, true},
	[HASH_SHA384] = {"sha384", &sha2, CORE_SHA512, 48, 128, 8, false},
	[HASH_SHA512] = {"sha512", &sha2, CORE_SHA512, 64, 128, 8, true},
	[HASH_BLAKE2B_512] = {"blake2b-512", &other_hash_blake2b, .word_bytes = 1, .digest_bytes = 64,
		.block_bytes = 128},
	[HASH_SHA3_224] = {"sha3-224", &other_hash_sha3, .word_bytes = 1, .digest_bytes = 28,
		.block_bytes = 144},
	[HASH_SHA3_256] = {"sha3-256", &other_hash_sha3, .word_bytes = 1, .digest_bytes = 32,
		.block_bytes = 136},
	[HASH_SHA3_384] = {"sha3-384", &other_hash_sha3, .word_bytes = 1, .digest_bytes = 48,
		.block_bytes = 104},
	[HASH_SHA3_512] = {"sha3-512", &other_hash_sha3, .word_bytes = 1, .digest_bytes = 64,
		.block_bytes = 72},
};

bool hash_find(const char *name, enum hash *out)
{
	for (int i = 0; i < HASH_COUNT; i++)
		if (!strcasecmp(name, hashes[i].name)) {
			*out = (enum hash)i;
			return true;
		}
	return false;
}

const char *hash_name(enum hash h)
{
	return hashes[h].name;
}

const char *hash_implementation(enum hash h)
{
	return hashes[h].word_bytes == 1 ? "C" : core_hash(hashes[h].core)->name;
}

size_t hash_bytes(enum hash h)
{
	return hashes[h].digest_bytes;
}

/* --- one message ------------------------------------------------------------------------- */

static void run_begin(struct hash_run *r, enum hash h)
{
	r->info = &hashes[h];
	r->info->how->begin(r, h);
}

static void run_add(struct hash_run *r, const void *data, size_t len)
{
	r->info->how->add(r, data, len);
}

/* To the state, which PBKDF2's loop needs, not to the bytes. */
static void run_pad(struct hash_run *r)
{
	r->info->how->end(r);
}

static void digest_store(const struct hash_info *info, const union hash_state *s, uint8_t *out)
{
	if (info->word_bytes == 1) {
		memcpy(out, s, info->digest_bytes);
		return;
	}
	for (size_t at = 0; at < info->digest_bytes; at += 4) {
		size_t i = at / 4;

		if (info->word_bytes == 4)
			bytes_put_be32(out + at, s->w32[i]);
		else
			bytes_put_be32(out + at, (uint32_t)(s->w64[i / 2] >> (i % 2 ? 0 : 32)));
	}
}

static void run_end(struct hash_run *r, uint8_t *out)
{
	run_pad(r);
	digest_store(r->info, &r->state, out);
}

void hash_run(enum hash h, const struct bytes *parts, size_t n, uint8_t *out)
{
	struct hash_run r;

	run_begin(&r, h);
	for (size_t i = 0; i < n; i++)
		run_add(&r, parts[i].data, parts[i].len);
	run_end(&r, out);
	wipe(&r, sizeof(r));
}

/* --- HMAC and PBKDF2 --------------------------------------------------------------------- */

/* After HMAC's two key blocks (RFC 2104). */
struct hmac_key {
	enum hash hash;
	struct hash_run inner, outer;
};

/* After the key block: what is in @pad, each byte with @flip. */
static void begin_key(enum hash h, uint8_t pad[static BLOCK_MAX_BYTES], uint8_t flip, struct hash_run *r)
{
	for (size_t i = 0; i < BLOCK_MAX_BYTES; i++)
		pad[i] ^= flip;
	run_begin(r, h);
	run_add(r, pad, hashes[h].block_bytes);
}

static void hmac_key(struct hmac_key *key, enum hash h, struct bytes secret)
{
	const struct hash_info *info = &hashes[h];
	uint8_t pad[BLOCK_MAX_BYTES] = {0};

	if (secret.len > info->block_bytes)
		hash_run(h, &secret, 1, pad);
	else if (secret.len)
		memcpy(pad, secret.data, secret.len);
	key->hash = h;
	begin_key(h, pad, 0x36, &key->inner);
	begin_key(h, pad, 0x36 ^ 0x5c, &key->outer);
	wipe(pad, sizeof(pad));
}

/* The state, not the bytes, of HMAC over @parts. */
static void hmac(const struct hmac_key *key, const struct bytes *parts, size_t n, union hash_state *out)
{
	const struct hash_info *info = &hashes[key->hash];
	uint8_t digest[HASH_MAX_BYTES];
	struct hash_run r;

	r = key->inner;
	for (size_t i = 0; i < n; i++)
		run_add(&r, parts[i].data, parts[i].len);
	run_end(&r, digest);
	r = key->outer;
	run_add(&r, digest, info->digest_bytes);
	run_pad(&r);
	*out = r.state;
	wipe(&r, sizeof(r));
	wipe(digest, sizeof(digest));
}

void hash_hmac(enum hash h, struct bytes key, struct bytes message, uint8_t *out)
{
	struct hmac_key states;
	union hash_state mac;

	hmac_key(&states, h, key);
	hmac(&states, &message, 1, &mac);
	digest_store(&hashes[h], &mac, out);
	wipe(&states, sizeof(states));
}

/* PBKDF2's loop for the truncated hashes, for which cores have none: the digest is not the state. */
static void iterate_truncated(const struct hmac_key *key, union hash_state *u, union hash_state *t, size_t n,
	uint32_t rounds)
{
	const struct hash_info *info = &hashes[key->hash];
	uint8_t digest[HASH_MAX_BYTES];
	struct bytes part = {digest, info->digest_bytes};

	for (size_t k = 0; k < n; k++)
		for (uint32_t r = 0; r < rounds; r++) {
			digest_store(info, &u[k], digest);
			hmac(key, &part, 1, &u[k]);
			for (size_t i = 0; i < 8; i++)
				t[k].w64[i] ^= u[k].w64[i];
		}
	wipe(digest, sizeof(digest));
}

/* The states of a batch: as the cores need them, contiguous. */
struct batch {
	uint64_t u[BATCH * 8], t[BATCH * 8];
};

static void iterate(const struct hmac_key *key, struct batch *b, size_t n, uint32_t rounds)
{
	const struct hash_info *info = &hashes[key->hash];

	if (info->whole)
		core_hash(info->core)->iterate(&key->inner.state, &key->outer.state, b->u, b->t, n, rounds);
	else
		iterate_truncated(key, (union hash_state *)b->u, (union hash_state *)b->t, n, rounds);
}

unsigned hash_pbkdf2_time(enum hash h, unsigned blocks)
{
	static const uint8_t truncated[CORE_OUTPUTS] = CORE_ONE_BY_ONE;
	const struct hash_core *core = core_hash(hashes[h].core);
	const uint8_t *times = hashes[h].whole ? core->times : truncated;
	unsigned rest = blocks % BATCH;

	return blocks / BATCH * times[BATCH - 1] + (rest ? times[rest - 1] : 0);
}

/* One call of PBKDF2. */
struct pbkdf2_job {
	const struct pbkdf2 *input;
	struct hmac_key key;
	const struct progress *progress;
	const atomic_bool *stop;
};

static bool is_stopped(const struct pbkdf2_job *d)
{
	return d->stop && atomic_load_explicit(d->stop, memory_order_relaxed);
}

/* Outputs number @first on, @n of them, into @out: T = U1 ^ U2 ^ ... ^ Uc. */
static void pbkdf2_batch(const struct pbkdf2_job *d, uint32_t first, size_t n, uint8_t *out)
{
	const struct hash_info *info = &hashes[d->key.hash];
	const size_t bytes = info->whole ? info->digest_bytes : sizeof(union hash_state);
	const uint32_t iterations = d->input->iterations;
	uint8_t be_index[4];
	struct bytes parts[] = {d->input->salt, {be_index, sizeof(be_index)}};
	union hash_state one;
	struct batch b;

	for (size_t k = 0; k < n; k++) {
		bytes_put_be32(be_index, first + (uint32_t)k);
		hmac(&d->key, parts, 2, &one);
		memcpy((uint8_t *)b.u + k * bytes, &one, bytes);
	}
	memcpy(b.t, b.u, n * bytes);
	for (uint32_t done = 1; done < iterations && !is_stopped(d);) {
		uint32_t rounds = iterations - done < STEP ? iterations - done : STEP;

		iterate(&d->key, &b, n, rounds);
		done += rounds;
		if (d->progress)
			d->progress->tell(d->progress->context, done, iterations);
	}
	for (size_t k = 0; k < n; k++) {
		memcpy(&one, (uint8_t *)b.t + k * bytes, bytes);
		digest_store(info, &one, out + k * info->digest_bytes);
	}
	wipe(&one, sizeof(one));
	wipe(&b, sizeof(b));
}

void hash_pbkdf2_from(const struct pbkdf2 *p, uint32_t first, uint8_t *out, size_t out_bytes,
	const struct progress *progress, const atomic_bool *stop)
{
	const size_t digest = hash_bytes(p->hash);
	struct pbkdf2_job d = {.input = p, .progress = progress, .stop = stop};
	uint8_t buffer[BATCH * HASH_MAX_BYTES];

	hmac_key(&d.key, p->hash, p->password);
	for (; out_bytes; first += BATCH) {
		size_t n = (out_bytes + digest - 1) / digest, take;

		n = n < BATCH ? n : BATCH;
		take = out_bytes < n * digest ? out_bytes : n * digest;
		pbkdf2_batch(&d, first, n, buffer);
		memcpy(out, buffer, take);
		out += take;
		out_bytes -= take;
	}
	wipe(buffer, sizeof(buffer));
	wipe(&d.key, sizeof(d.key));
}

void hash_pbkdf2(const struct pbkdf2 *p, uint8_t *out, size_t out_bytes)
{
	hash_pbkdf2_from(p, 1, out, out_bytes, NULL, NULL);
}
