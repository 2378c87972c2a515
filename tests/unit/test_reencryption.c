/* SPDX-License-Identifier: MIT */
/*
 * Tests of keyslot/reencryption: the description of real volumes is verified, and each change of it is found.
 *
 * tests/images/metadata has what cryptsetup wrote; the keys are those of these volumes, which hold nothing.
 */
#include "arena_fixture.h"
#include "sample.h"
#include "keyslot/digest.h"
#include "keyslot/reencryption.h"
#include "secret/arena.h"

struct sample {
	const char *name;
	struct {
		unsigned digest;
		const char *hex;
	} keys[2];
};

static const struct sample samples[] = {
	{"decrypt-shift-clean", {{0, "cff801d41cfd7a62301736dbefabb00258be7d817b015ce2065fbbf374a26aa4"}}},
	{"decrypt-shift-init", {{0, "8db802f70e47406d870d0cc2698228b2768ffcc0da10ffde3c54c320d04b7e81"}}},
	{"decrypt-shift-last", {{0, "283723acc23d11e7ffd47a0a13e23d316a27416a74ef65e87e2b1a5a8f3966a5"}}},
	{"decrypt-shift-mixed", {{0, "85aa658d8f448a15ad2dfd4a592bbbbda6fdeb362109265920a47ba7d3f69f00"}}},
	{"encrypt-shift-clean", {{0, "268b250e3408c2f9ca84d55ad1c54e91a8efe1e8452f8a6dd71291329f6aa870"}}},
	{"encrypt-shift-init", {{0, "8cceb0322cfb376b8e4db53de710ff1560a306a3e23456493311088ed4911309"}}},
	{"encrypt-shift-mixed", {{0, "6b9f5a5caba238be016371e0b4210479571ecf5c256136513a09286efe2e0f51"}}},
	{"keep-key-clean", {{0, "202ecc41414206724e2b29ea667dea27e65cb31a7b7c8bcdb2d7f621c7cb4571"}}},
	{"rekey-checksum-clean",
		{{0, "a3bf7b94dc305072751c61127bf20aed29faa693c4ad363ca15596e48a3203b1"},
			{1, "813b23931bc5930a0ab72dd00ebb4f41545aed57e0410a31d40372d46499fe53"}}},
	{"rekey-checksum-mixed",
		{{0, "23235fdf0ed0a087e6f7c5bed880245418b12f4ce3582946013bb3f214fc252e"},
			{1, "d4f92426b28f89948860baa6cf14231d5b51752db2c120ac734e2becabded453"}}},
	{"rekey-init-only", {{0, "4b1448c985b0ee9347cdcdb893622decb7830818acde7dbe01ec6dda2e6c6406"},
				    {1, "9f207b42e1c85193915dbfd0e9f9d747d7ad1a7b20b87ce3e58633ba9833f3d7"}}},
	{"rekey-journal-clean",
		{{0, "f1fa4c3e94bc6ecc430f1019b546e56dbf76ff81258b33167300c7b6e9383b21"},
			{1, "00b3a3adf16c9cbb1365490a0044357ad3084a9bce09f86f8127cd2c7b10e432"}}},
	{"rekey-journal-mixed",
		{{0, "01f4219579385cf3c4dcbf83d96d9593f2f7af19f466c888fe74ebad6ff4b2fc"},
			{1, "31e832e9b972c06e9f3d3c07a679f6fcb1ebdeaac43fe1c3c2c7d49c2c29b3b8"}}},
	{"rekey-none-crash",
		{{0, "33ff8fc204af4292c048dbcc7e0be13649146a22bc40ac13b23a4e44b2789b17"},
			{1, "2932c56419d397b589fd2ad41a9b8c47a5b08ca3ffdf987651d616f3422325df"}}},
	{"tiny-decrypt-28", {{0, "259c6cf7262738e1b614ddf7a60ab4db"}}},
	{"tiny-encrypt-28", {{0, "f4c37c0a70b7e4229eb6ded7ed5e4ff3"}}},
	{"tiny-rekey-28", {{0, "1d8521b0ed798f1d2d24b0d45e79b3b6"}, {1, "66b7fc6bfbc050450d8bedeba072c865"}}},
};

/* What a test works with. */
struct volume {
	struct luks luks;
	struct volume_keys keys;
	uint8_t bytes[2][64];
};

static void read_sample(const struct sample *s, struct volume *v)
{
	sample_read(s->name, &v->luks);
	v->keys.count = 0;
	for (unsigned i = 0; i < 2 && s->keys[i].hex; i++)
		v->keys.key[v->keys.count++] = (struct volume_key){.data = v->bytes[i],
			.len = (uint32_t)unit_unhex(s->keys[i].hex, v->bytes[i]),
			.digest_id = s->keys[i].digest};
}

static enum cause verified(const struct volume *v)
{
	size_t mark = arena_mark();
	struct error err;
	enum cause cause = reencryption_verify(&v->luks, &v->keys, &err);

	assert_int_equal(arena_mark(), mark); /* the keys were in it */
	return cause;
}

static void sound(void **state)
{
	struct volume v;

	read_sample(*state, &v);
	for (unsigned i = 0; i < v.keys.count; i++)
		assert_true(
			digest_matches(&v.luks.digests[luks_digest_index(&v.luks, v.keys.key[i].digest_id)],
				(struct bytes){v.keys.key[i].data, v.keys.key[i].len}));
	assert_int_equal(__builtin_popcount(reencryption_digests(&v.luks)), v.keys.count);
	assert_int_equal(verified(&v), CAUSE_OK);
}

/* Change field @n of a segment; false: it has none of that number. */
static bool change_segment(struct luks_segment *seg, unsigned n)
{
	switch (n) {
	case 0:
		seg->off += 512;
		return true;
	case 1:
		seg->size_bytes ^= 512;
		return true;
	case 2:
		seg->linear = !seg->linear;
		return true;
	case 3:
		seg->iv_sectors++;
		return !seg->linear;
	case 4:
		seg->sector_bytes *= 2;
		return !seg->linear;
	default:
		seg->cipher = seg->cipher ? (enum cipher)0 : (enum cipher)1;
		return !seg->linear;
	}
}

enum { FIELDS_OF_SEGMENT = 6, OTHER_FIELDS = 10 };

/* The same of a description, segments first. */
static bool change(struct luks_reencrypt *r, bool shifts, unsigned n)
{
	switch (n) {
	case 0:
		r->mode = (enum luks_mode)((r->mode + 1) % 3);
		return true;
	case 1:
		r->direction ^= 1u;
		return true;
	case 2:
		r->resilience = (enum luks_resilience)((r->resilience + 1) % 6);
		return true;
	case 3:
		r->version ^= 1;
		return true;
	case 4:
		r->area_off += 4096;
		return true;
	case 5:
		r->area_size_bytes -= 4096;
		return true;
	case 6:
		r->area_hash[5] ^= 1;
		return r->area_sector_bytes != 0;
	case 7:
		r->area_sector_bytes *= 2;
		return r->area_sector_bytes != 0;
	case 8:
		r->shift_bytes += 512;
		return shifts;
	default:
		r->has_moved = !r->has_moved;
		return true;
	}
}

static void field_changed(void **state)
{
	struct volume v;
	struct luks_reencrypt *r = &v.luks.reencrypt, sound;
	struct luks_segment *segments[] = {&r->previous, &r->final, &r->moved};
	bool shifts;

	read_sample(*state, &v);
	sound = *r;
	shifts = luks_reencryption_shifts(&v.luks);
	for (unsigned n = 0; n < OTHER_FIELDS; n++, *r = sound)
		if (change(r, shifts, n) && verified(&v) != CAUSE_DAMAGED)
			fail_msg("field %u is another one, and the description is verified", n);
	for (unsigned s = 0; s < (sound.has_moved ? 3 : 2); s++)
		for (unsigned n = 0; n < FIELDS_OF_SEGMENT; n++, *r = sound)
			if (change_segment(segments[s], n) && verified(&v) != CAUSE_DAMAGED)
				fail_msg("field %u of segment %u is another one, and the description is "
					 "verified",
					n, s);
}

static void key_changed(void **state)
{
	struct volume v;

	read_sample(*state, &v);
	for (unsigned k = 0; k < v.keys.count; k++)
		for (unsigned byte = 0; byte < v.keys.key[k].len; byte++) {
			v.bytes[k][byte] ^= 0x80;
			assert_int_equal(verified(&v), CAUSE_DAMAGED);
			v.bytes[k][byte] ^= 0x80;
		}
}

/* --- the metadata ------------------------------------------------------------------------------------- */

/* Every text of these parts becomes each of the words; so do the sizes of sectors. */
static const char *const parts[] = {"segments/", "keyslots/", "digests/", "config/requirements/"};
static const char *const words[] = {"crypt", "linear", "aes-xts-plain64", "aes-cbc-essiv:sha256", "reencrypt",
	"encrypt", "decrypt", "forward", "backward", "none", "checksum", "journal", "datashift",
	"datashift-checksum", "datashift-journal", "sha1", "sha256", "sha512", "dynamic", "in-reencryption",
	"backup-previous", "backup-final", "backup-moved-segment", "x", "0", "1", "2", "3", "4", "5", "6",
	"8", "512", "4096", "8192", "1048576", "4194304", "online-reencrypt", "online-reencrypt-v2",
	"online-reencrypt-v3"};

static bool is_same_table(const struct luks *a, const struct luks *b)
{
	bool same = a->regular_count == b->regular_count && a->reencryption == b->reencryption;

	for (unsigned i = 0; same && i < a->regular_count; i++) {
		const struct luks_segment *x = &a->segments[i], *y = &b->segments[i];

		same = x->linear == y->linear && x->in_reencryption == y->in_reencryption &&
		       x->off == y->off && x->size_bytes == y->size_bytes &&
		       (x->linear || (x->iv_sectors == y->iv_sectors && x->cipher == y->cipher &&
					     x->sector_bytes == y->sector_bytes && x->digest == y->digest));
	}
	return same;
}

/*
 * Nothing vouches for the size of the last segment, for the flag of a segment that belongs to one key only,
 * and, where the key stays, for how far it is: the mapping is shorter, or shows part of the data as it is.
 */
static bool is_known(const struct luks *sound, const char *path)
{
	const struct luks_reencrypt *r = &sound->reencrypt;
	char last[40];

	snprintf(last, sizeof(last), "segments/%u/size", sound->regular_count - 1);
	return !strcmp(path, last) || (strstr(path, "/flags/") && r->mode != LUKS_MODE_REENCRYPT) ||
	       (strstr(path, "/sector_size") && r->previous.digest == r->final.digest);
}

/* Would it be mapped, were the keys found? */
static bool is_taken(const struct edit_outcome *o, const struct volume *sound)
{
	struct volume v = *sound;

	v.luks = o->luks;
	return !o->cause && luks_reencryption_is_described(&v.luks) &&
	       (!v.luks.requirements.cause || v.luks.reencrypt.is_readable) &&
	       !v.luks.segments[0].verdict.cause && reencryption_digests(&v.luks) && !verified(&v);
}

static void try_words(const struct sample *s, const struct volume *sound, const char *path, bool number)
{
	char text[IMAGE_JSON_ROOM], value[40];

	for (size_t w = 0; w < COUNT(words); w++) {
		const struct edit_outcome *o;

		if (number && (*words[w] < '0' || *words[w] > '9'))
			continue;
		sample_text(s->name, text);
		snprintf(value, sizeof(value), number ? "%s" : "\"%s\"", words[w]);
		edit_set(text, sizeof(text), path, value);
		o = judge_text(text);
		if (is_taken(o, sound) && !is_same_table(&o->luks, &sound->luks) &&
			!is_known(&sound->luks, path))
			fail_msg("%s = %s is taken", path, value);
	}
}

static void metadata_changed(void **state)
{
	static struct edit_node nodes[EDIT_NODES_MAX];
	char text[IMAGE_JSON_ROOM], path[128];
	struct volume v;
	size_t count;

	read_sample(*state, &v);
	sample_text(((const struct sample *)*state)->name, text);
	count = edit_index(text, strlen(text), nodes);
	assert_int_not_equal(count, 0);
	for (size_t i = 0; i < count; i++) {
		bool string = text[nodes[i].at] == '"', here = false;

		assert_true(edit_path(text, nodes, (int)i, path, sizeof(path)));
		for (size_t n = 0; n < COUNT(parts); n++)
			here |= !strncmp(path, parts[n], strlen(parts[n]));
		if (here && (string || strstr(path, "/sector_size")))
			try_words(*state, &v, path, !string);
	}
}

TEST(the_old_and_the_new_key_are_taken_for_each_other)
{
	struct volume v;
	unsigned digest;

	read_sample(&samples[COUNT(samples) - 1], &v);
	assert_int_equal(v.keys.count, 2);
	digest = v.keys.key[0].digest_id;
	v.keys.key[0].digest_id = v.keys.key[1].digest_id;
	v.keys.key[1].digest_id = digest;
	assert_int_equal(verified(&v), CAUSE_DAMAGED);
}

/* Of a digest that takes too long, or cannot be computed, that is said, and nothing is computed. */
static void the_digest_is_computed_before_it_is_judged(void **state)
{
	struct luks_digest *digest;
	struct volume v;

	(void)state;
	read_sample(&samples[COUNT(samples) - 1], &v);
	digest = &v.luks.digests[v.luks.reencrypt.digest];
	digest->verdict.cause = CAUSE_DEVICE;
	assert_int_equal(verified(&v), CAUSE_DEVICE);
	digest->verdict.cause = CAUSE_OK;
	digest->iterations = UINT32_MAX;
	assert_int_equal(verified(&v), CAUSE_UNSUPPORTED);
}

int main(void)
{
	static char names[COUNT(samples)][4][ROW_NAME_BYTES];
	struct error err;
	int failed;

	if (arena_open(&err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	for (size_t i = 0; i < COUNT(samples); i++) {
		snprintf(names[i][0], ROW_NAME_BYTES, "%s: its description is not verified", samples[i].name);
		row(names[i][0], sound, &samples[i]);
		snprintf(names[i][1], ROW_NAME_BYTES, "%s: a field of its description is not in the digest",
			samples[i].name);
		row(names[i][1], field_changed, &samples[i]);
		snprintf(names[i][2], ROW_NAME_BYTES, "%s: a byte of a key is not in the digest",
			samples[i].name);
		row(names[i][2], key_changed, &samples[i]);
		snprintf(names[i][3], ROW_NAME_BYTES,
			"%s: a text of its metadata is another one, and it is mapped", samples[i].name);
		/* Thousands of headers: an emulator takes minutes. */
		if (!getenv("EMULATED"))
			row(names[i][3], metadata_changed, &samples[i]);
	}
	ROW(the_old_and_the_new_key_are_taken_for_each_other);
	ROW(the_digest_is_computed_before_it_is_judged);
	failed = rows_run("reencryption");
	arena_close();
	return failed;
}
