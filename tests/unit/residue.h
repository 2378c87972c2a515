/* SPDX-License-Identifier: MIT */
/*
 * residue - looking for what an unlock must not leave behind.
 *
 * Everything secret that an unlock computes is computed here, too, in a child process, cut into windows of 8
 * bytes (a spilled register is enough to be found) and kept XOR-masked, so that the list is not found itself.
 */
#ifndef UNIT_RESIDUE_H
#define UNIT_RESIDUE_H

#include "image.h"
#include "memory.h"
#include "keyslot/af.h"
#include <argon2.h>
#include <bearssl_hmac.h>
#include <sys/wait.h>

/* Of the libraries, not in their public headers. */
unsigned br_aes_keysched(uint32_t *skey, const void *key, size_t key_len);
unsigned br_aes_big_keysched_inv(uint32_t *skey, const void *key, size_t key_len);
unsigned br_aes_ct64_keysched(uint64_t *comp_skey, const void *key, size_t key_len);
void br_aes_ct64_skey_expand(uint64_t *skey, unsigned num_rounds, const uint64_t *comp_skey);
extern int reference_FLAG_clear_internal_memory;

#define NEEDLE_MASK 0x9e3779b97f4a7c15ull
enum { NEEDLES_MAX = 16384, NEEDLE_NAMES = 96, NEEDLE_NAME_BYTES = 40, NEEDLE_BUCKETS = 65536 };

struct needles {
	uint32_t count, names;
	char name[NEEDLE_NAMES][NEEDLE_NAME_BYTES];
	uint64_t masked[NEEDLES_MAX];
	uint16_t what[NEEDLES_MAX], next[NEEDLES_MAX]; /* next: index + 1 */
	uint16_t bucket[NEEDLE_BUCKETS];               /* by the low bits of the masked window: index + 1 */
};

/* --- the list ------------------------------------------------------------------------------- */

static inline bool needle_is_random(const uint8_t *window)
{
	unsigned different = 0;

	for (int i = 0; i < 8; i++)
		different += !memchr(window, window[i], (size_t)i);
	return different >= 5;
}

static inline void needles_add_window(struct needles *n, const uint8_t *window)
{
	uint64_t v;

	if (!needle_is_random(window) || n->count == NEEDLES_MAX)
		return;
	memcpy(&v, window, sizeof(v));
	v ^= NEEDLE_MASK;
	n->masked[n->count] = v;
	n->what[n->count] = (uint16_t)(n->names - 1);
	n->next[n->count] = n->bucket[v % NEEDLE_BUCKETS];
	n->bucket[v % NEEDLE_BUCKETS] = (uint16_t)++n->count;
}

/* @data, and @data as words of 4 and of 8 bytes in the other byte order, as a hash loads them. */
static inline void needles_add(struct needles *n, const char *whose, const char *what, const void *data,
	size_t len)
{
	static const size_t words[] = {1, 4, 8};
	uint8_t turned[1024];

	if (n->names == NEEDLE_NAMES || len > sizeof(turned))
		abort();
	snprintf(n->name[n->names++], NEEDLE_NAME_BYTES, "%s %s", whose, what);
	for (size_t w = 0; w < COUNT(words); w++) {
		for (size_t i = 0; i < len / words[w] * words[w]; i++)
			turned[i] = ((const uint8_t *)data)[i - i % words[w] + words[w] - 1 - i % words[w]];
		for (size_t i = 0; i + 8 <= len / words[w] * words[w]; i += 4)
			needles_add_window(n, turned + i);
	}
}

/* --- what an unlock computes ------------------------------------------------------------------ */

static inline void needles_add_hmac(struct needles *n, const char *whose, enum hash h, const uint8_t *key,
	size_t len)
{
	static const br_hash_class *const classes[] = {&br_sha1_vtable, &br_sha224_vtable, &br_sha256_vtable,
		&br_sha384_vtable, &br_sha512_vtable};
	br_hmac_key_context kc;
	uint8_t pad[64];

	for (size_t i = 0; i < len; i++)
		pad[i] = key[i] ^ 0x36;
	needles_add(n, whose, "xor ipad", pad, len);
	for (size_t i = 0; i < len; i++)
		pad[i] = key[i] ^ 0x5c;
	needles_add(n, whose, "xor opad", pad, len);
	memset(&kc, 0, sizeof(kc));
	br_hmac_key_init(&kc, classes[h], key, len);
	needles_add(n, whose, "inner HMAC state", kc.ksi, sizeof(kc.ksi));
	needles_add(n, whose, "outer HMAC state", kc.kso, sizeof(kc.kso));
}

/* The round keys in the forms in which BearSSL's implementations keep them. */
static inline void needles_add_aes(struct needles *n, const char *whose, const uint8_t *key, size_t len)
{
	uint32_t words[60] = {0};
	uint64_t packed[30] = {0}, expanded[120] = {0};
	unsigned rounds = br_aes_keysched(words, key, len);

	needles_add(n, whose, "round keys", words, sizeof(words));
	(void)br_aes_big_keysched_inv(words, key, len);
	needles_add(n, whose, "inverse round keys", words, sizeof(words));
	(void)br_aes_ct64_keysched(packed, key, len);
	br_aes_ct64_skey_expand(expanded, rounds, packed);
	needles_add(n, whose, "packed round keys", packed, sizeof(packed));
	needles_add(n, whose, "sliced round keys", expanded, sizeof(expanded));
}

static uint8_t *needles_matrix;

static inline int needles_matrix_get(uint8_t **out, size_t bytes)
{
	*out = needles_matrix = calloc(1, bytes);
	return needles_matrix == NULL;
}

static inline void needles_matrix_keep(uint8_t *matrix, size_t bytes)
{
	(void)matrix, (void)bytes;
}

/* The first and the last blocks of the matrix: with them the key can be computed without the passphrase. */
static inline void needles_add_argon2(struct needles *n, const char *whose, const struct kdf *kdf,
	const uint8_t *passphrase, size_t len)
{
	uint8_t out[64];
	argon2_context ctx = {.out = out,
		.outlen = 64,
		.pwd = (uint8_t *)(uintptr_t)passphrase,
		.pwdlen = (uint32_t)len,
		.salt = (uint8_t *)(uintptr_t)kdf->salt,
		.saltlen = kdf->salt_bytes,
		.t_cost = kdf->iterations,
		.m_cost = kdf->memory_kib,
		.lanes = kdf->lanes,
		.threads = 1,
		.version = ARGON2_VERSION_13,
		.allocate_cbk = needles_matrix_get,
		.free_cbk = needles_matrix_keep};
	size_t lane_blocks = kdf->memory_kib / (4 * kdf->lanes) * 4;
	uint8_t *final;

	reference_FLAG_clear_internal_memory = 0;
	if (argon2_ctx(&ctx, kdf->kind == KDF_ARGON2I ? Argon2_i : Argon2_id))
		abort();
	reference_FLAG_clear_internal_memory = 1;
	final = needles_matrix + 1024 * (lane_blocks - 1);
	needles_add(n, whose, "first block of Argon2", needles_matrix, 1024);
	needles_add(n, whose, "last block of lane 0", final, 1024);
	for (uint32_t lane = 1; lane < kdf->lanes; lane++)
		for (size_t i = 0; i < 1024; i++)
			final[i] ^= needles_matrix[1024 * ((lane + 1) * lane_blocks - 1) + i];
	needles_add(n, whose, "final block of Argon2", final, 1024);
	free(needles_matrix);
}

/* @area is the keyslot's, as it stands in the image; @whose tells the right passphrase from a wrong one. */
static inline void needles_add_unlock(struct needles *n, const char *whose, const struct luks_keyslot *slot,
	const struct luks_digest *digest, const uint8_t *area, const uint8_t *passphrase, size_t len)
{
	static uint8_t split[64 * 4000];
	uint8_t area_key[64], key[64], state[64];
	size_t half = slot->area_key_bytes / 2, last = slot->key_bytes * 3999u;
	struct error err;

	needles_add(n, whose, "passphrase", passphrase, len);
	if (slot->kdf.kind == KDF_PBKDF2)
		needles_add_hmac(n, whose, slot->kdf.hash, passphrase, len);
	else
		needles_add_argon2(n, whose, &slot->kdf, passphrase, len);
	if (kdf_derive(&slot->kdf, (struct bytes){passphrase, len}, area_key, slot->area_key_bytes, &err))
		abort();
	needles_add(n, whose, "area key", area_key, slot->area_key_bytes);
	needles_add_aes(n, whose, area_key, half);
	needles_add_aes(n, whose, area_key + half, half);
	memcpy(split, area, slot->key_bytes * 4000u);
	cipher_decrypt(slot->area_cipher, area_key, slot->area_key_bytes, split,
		slot->key_bytes * 4000u / 512);
	needles_add(n, whose, "first stripe", split, slot->key_bytes);
	needles_add(n, whose, "last stripe", split + last, slot->key_bytes);
	af_merge(slot->af_hash, split, slot->key_bytes, key);
	needles_add(n, whose, "volume key", key, slot->key_bytes);
	for (size_t i = 0; i < slot->key_bytes; i++)
		state[i] = key[i] ^ split[last + i];
	needles_add(n, whose, "last AF state", state, slot->key_bytes);
	needles_add_hmac(n, whose, digest->hash, key, slot->key_bytes);
}

typedef uint64_t __attribute__((aligned(1), may_alias)) window_at_any_address;

/* --- looking ----------------------------------------------------------------------------------- */

/*
 * How many needles are in @len bytes at @data? If any, @first gets the name of the first one, @where its
 * place. Reads memory of all kinds, of which the sanitizers would not approve.
 */
__attribute__((no_sanitize("address", "undefined"))) static inline size_t
needles_find(const struct needles *n, const uint8_t *data, size_t len, const char **first, size_t *where)
{
	size_t hits = 0;

	for (size_t i = 0; i + 8 <= len; i++) {
		uint64_t v = *(const window_at_any_address *)(data + i) ^ NEEDLE_MASK;

		if (v == NEEDLE_MASK) {
			i += 3; /* no needle begins with 5 equal bytes */
			continue;
		}
		for (uint16_t at = n->bucket[v % NEEDLE_BUCKETS]; at; at = n->next[at - 1])
			if (n->masked[at - 1] == v) {
				if (!hits++) {
					*first = n->name[n->what[at - 1]];
					*where = i;
				}
				break;
			}
	}
	return hits;
}

struct mapping {
	uintptr_t low, high;
	char name[64];
};

/* The writable mappings of @maps ("/proc/self/maps"), at most @max of them. */
static inline size_t residue_mappings(const char *maps, struct mapping *out, size_t max)
{
	static char text[256 << 10];
	size_t used = 0, count = 0;
	int fd = open(maps, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	while (fd >= 0 && (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = 0;
	close(fd);
	for (char *line = text; *line && count < max; line = strchr(line, '\n') + 1) {
		unsigned long low, high;
		struct mapping *m = &out[count];
		char perms[8];
		int at = 0;

		m->name[0] = 0;
		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s%n", &low, &high, perms, &at) < 3)
			break;
		sscanf(line + at, "%*[ ]%63[^\n]", m->name);
		m->low = low;
		m->high = high;
		count += perms[0] == 'r' && perms[1] == 'w';
	}
	return count;
}

/*
 * Everything in @m. The sanitizers reserve much more than they use: there, only what was ever touched is
 * looked at, and their shadow, terabytes without data, is left out.
 */
static inline size_t residue_scan_mapping(const struct needles *n, const struct mapping *m, const char **name,
	uintptr_t *where)
{
	enum { STEP = 2 << 20, PAGE = 4096 };
	static unsigned char resident[STEP / PAGE];
	size_t hits = 0, len = m->high - m->low, at = 0;
	uint8_t *low = (uint8_t *)m->low;

	if (!UNIT_SANITIZED) {
		hits = needles_find(n, low, len, name, &at);
		*where = m->low + at;
		return hits;
	}
	for (size_t off = 0; off < len && len <= 1u << 30; off += STEP) {
		size_t piece = len - off < STEP ? len - off : STEP;

		if (mincore(low + off, piece, resident))
			continue;
		for (size_t page = 0; page < piece / PAGE; page++) {
			size_t here = off + page * PAGE, more = here + PAGE < len ? 7 : 0, found;
			const char *found_name = "";

			if (!(resident[page] & 1))
				continue;
			found = needles_find(n, low + here, PAGE + more, &found_name, &at);
			if (found && !hits) {
				*name = found_name;
				*where = m->low + here + at;
			}
			hits += found;
		}
	}
	return hits;
}

/* Everything that this process can write. */
static inline size_t residue_scan_self(const struct needles *n, char *report, size_t report_bytes)
{
	static struct mapping m[512];
	size_t count = residue_mappings("/proc/self/maps", m, COUNT(m)), hits = 0;

	*report = 0;
	for (size_t i = 0; i < count; i++) {
		const char *name = "";
		uintptr_t where = 0;
		size_t found = residue_scan_mapping(n, &m[i], &name, &where);

		if (found && !hits)
			snprintf(report, report_bytes, "%s at %lx, %zu bytes into a mapping of %zu (%s)",
				name, (unsigned long)where, (size_t)(where - m[i].low),
				(size_t)(m[i].high - m[i].low), m[i].name);
		hits += found;
	}
	return hits;
}

/* @bytes that a child can fill for us. */
static inline void *residue_shared(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

/* Text of letters that nobody else has in memory. */
static inline void residue_passphrase(uint32_t seed, uint8_t *out, size_t len)
{
	unit_fill(seed, out, len);
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)("abcdefghijklmnopqrstuvwxyzABCDEF"[out[i] % 32]);
}

#endif
