/* SPDX-License-Identifier: MIT */
/* Which copy of the header counts, and what is said when one or both do not. */
#include "format/header.h"
#include "header_image.h"
#include "header_image_json.h"
#include "header_image_model.h"
#include "real_mmap.h"
#include "rows.h"
#include <errno.h>
#include <sys/mman.h>

enum { HDR = IMAGE_HDR_MIN };

/* Only a copy of the header is mapped with this size. From 1; 0: none fails. */
static unsigned copies, copy_without_memory;

void *mmap(void *where, size_t len, int prot, int flags, int fd, off_t off)
{
	if (len == HDR && ++copies == copy_without_memory) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return real_mmap(where, len, prot, flags, fd, off);
}

struct outcome {
	enum cause cause;
	struct luks luks;
	struct header_report report;
	struct error err;
};

static struct outcome load_device(struct image_device *dev)
{
	struct reader r = image_reader(dev);
	static struct outcome o;

	memset(&o, 0x77, sizeof(o));
	o.err.text[0] = 0;
	o.cause = header_load(&r, &o.luks, &o.report, &o.err);
	assert_false(dev->past_end);
	if (o.cause) {
		assert_int_equal(o.err.cause, o.cause);
		assert_int_equal(strncmp(o.err.text, "img: ", 5), 0);
	} else if (model_fault(&o.luks)) {
		fail_msg("%s", model_fault(&o.luks));
	}
	return o;
}

static struct outcome load(const uint8_t *image, uint64_t size)
{
	/* Exact memory, so that a byte beyond the device is caught. */
	uint8_t *exact = malloc(size ? (size_t)size : 1);
	struct image_device dev = {.data = exact, .size = size};
	struct outcome o;

	assert_non_null(exact);
	memcpy(exact, image, (size_t)size);
	o = load_device(&dev);
	free(exact);
	return o;
}

static void says(const char *text, const char *piece)
{
	if (!strstr(text, piece))
		fail_msg("\"%s\" does not say \"%s\"", text, piece);
}

static void put_edited(uint8_t *image, uint64_t at, uint64_t seqid, const struct edit *e)
{
	static char json[IMAGE_JSON_ROOM];

	image_json(json, sizeof(json), HDR);
	edit_apply(json, sizeof(json), e);
	image_put(image, at, HDR, seqid, json);
}

/* The copy that could not be read may be the newer one. */
static void without_memory_for_one_copy_the_other_is_used(void **state)
{
	uint8_t *image = image_new(HDR, 7, 7);

	(void)state;
	for (unsigned n = 1; n <= 2; n++) {
		struct outcome o;

		copies = 0;
		copy_without_memory = n;
		o = load(image, 2 * HDR);
		assert_int_equal(o.cause, CAUSE_RESOURCE);
		says(o.err.text, "no memory for a header of 16384 bytes");
	}
	copy_without_memory = 0;
	free(image);
}

/* --- one device, all well -------------------------------------------------------------- */

static void a_good_header_is_refused(void **state)
{
	(void)state;
	for (uint64_t size = 0x4000; size <= 0x400000; size *= 2) {
		uint8_t *image = image_new(size, 7, 7);
		struct outcome o = load(image, 2 * size);

		assert_int_equal(o.cause, CAUSE_OK);
		assert_string_equal(o.report.note, "");
		assert_false(o.report.used_secondary);
		assert_true(o.luks.hdr_size_bytes == size);
		assert_string_equal(o.luks.label, "first");
		free(image);
	}
}

static void a_field_of_the_binary_header_does_not_reach_the_model(void **state)
{
	uint8_t *image = image_new(HDR, 7, 7);
	struct outcome o = load(image, 2 * HDR);

	(void)state;
	assert_int_equal(o.luks.version, 2);
	assert_string_equal(o.luks.uuid, IMAGE_UUID_TEXT);
	assert_string_equal(o.luks.subsystem, "sub");
	assert_true(o.luks.seqid == 7);
	assert_int_equal(o.luks.keyslot_count, 2);
	free(image);
}

/* Every byte of the two copies is read once, and nothing else: a second look could see other bytes. */
static void a_byte_is_read_twice(void **state)
{
	uint8_t *image = image_new(HDR, 7, 7), *times = calloc(1, 4 * HDR);
	uint8_t *larger = calloc(1, 4 * HDR);
	struct image_device dev = {.data = larger, .size = 4 * HDR, .times = times};

	(void)state;
	assert_non_null(times);
	assert_non_null(larger);
	memcpy(larger, image, 2 * HDR);
	assert_int_equal(load_device(&dev).cause, CAUSE_OK);
	for (size_t i = 0; i < 4 * HDR; i++)
		if (times[i] != (i < 2 * HDR))
			fail_msg("byte %zu was read %d times", i, times[i]);
	free(larger);
	free(times);
	free(image);
}

/* --- the two copies: state by state, and by sequence ------------------------------------ */

enum state { GOOD, NOTHING, FOREIGN, BAD_SUM, BAD_JSON, EIO_FIRST, EIO_JSON, STATES };

static const char *const state_names[STATES] = {"good", "zeroed", "overwritten", "with a wrong checksum",
	"with broken JSON", "unreadable", "unreadable in its JSON"};

struct pair {
	enum state first, second;
	int order; /* of the second's sequence: -1 older, 0 the same, 1 newer */
};

static void spoil(uint8_t *copy, uint64_t at, enum state s, struct image_device *dev, int slot)
{
	switch (s) {
	case NOTHING:
		memset(copy, 0, HDR);
		break;
	case FOREIGN:
		for (size_t i = 0; i < HDR; i++)
			copy[i] = (uint8_t)(i * 7 + 3);
		break;
	case BAD_SUM:
		copy[5000] ^= 1;
		break;
	case BAD_JSON:
		memcpy(copy + IMAGE_JSON, "{\"keyslots\":{},", 15);
		image_seal(copy);
		break;
	case EIO_FIRST:
		dev->bad[slot].off = at;
		dev->bad[slot].len = 512;
		break;
	case EIO_JSON:
		dev->bad[slot].off = at + 8192;
		dev->bad[slot].len = 512;
		break;
	case GOOD:
	case STATES:
		break;
	}
}

/* What the rules say, in their own words: -1 none, 0 primary, 1 secondary. */
static int winner(const struct pair *p)
{
	if (p->first == GOOD && p->second == GOOD)
		return p->order > 0;
	if (p->first == GOOD)
		return 0;
	return p->second == GOOD ? 1 : -1;
}

/* Without a winner: damage if a copy is there and broken, else the read error, else no LUKS. */
static enum cause loser_cause(const struct pair *p)
{
	bool broken =
		p->first == BAD_SUM || p->first == BAD_JSON || p->second == BAD_SUM || p->second == BAD_JSON;

	return broken ? CAUSE_DAMAGED : CAUSE_DEVICE;
}

/* The report says of each copy what it is, whether the header could be used or not. */
static void copy_is_reported(const struct header_copy *copy, enum state s, int order)
{
	bool there = s == GOOD || s == BAD_SUM || s == BAD_JSON;

	assert_int_equal(copy->present, there);
	assert_int_equal(copy->sound, s == GOOD);
	assert_int_equal(!copy->why[0], s == GOOD);
	if (s == GOOD)
		assert_true(copy->seqid == (uint64_t)(order ? order : 7));
	assert_true(copy->off == (order ? HDR : 0));
}

static void pair_is_judged(void **state)
{
	const struct pair *p = *state;
	enum state other = winner(p) ? p->first : p->second;
	uint8_t *image = image_new(HDR, 7, (uint64_t)(7 + p->order));
	struct image_device dev = {.data = image, .size = 2 * HDR};
	struct outcome o;

	spoil(image, 0, p->first, &dev, 0);
	spoil(image + HDR, HDR, p->second, &dev, 1);
	o = load_device(&dev);
	free(image);
	copy_is_reported(&o.report.primary, p->first, 0);
	copy_is_reported(&o.report.secondary, p->second, 7 + p->order);
	if (winner(p) < 0) {
		assert_int_equal(o.cause, loser_cause(p));
		return;
	}
	assert_int_equal(o.cause, CAUSE_OK);
	assert_int_equal(o.report.used_secondary, winner(p));
	assert_string_equal(o.luks.label, winner(p) ? "second" : "first");
	if (other == GOOD)
		assert_int_equal(!o.report.note[0], !p->order);
	else
		says(o.report.note, winner(p) ? "the primary header cannot be used"
					      : "the secondary header cannot be used");
}

static void add_pairs(void)
{
	static struct pair pairs[STATES * STATES * 3];
	static char names[STATES * STATES * 3][ROW_NAME_BYTES];
	static const char *const orders[] = {"older", "of the same sequence", "newer"};
	size_t n = 0;

	for (unsigned a = 0; a < STATES; a++)
		for (unsigned b = 0; b < STATES; b++)
			for (int order = -1; order <= 1; order++) {
				pairs[n] = (struct pair){(enum state)a, (enum state)b, order};
				snprintf(names[n], ROW_NAME_BYTES,
					"wrong choice: primary %s, secondary %s and %s", state_names[a],
					state_names[b], orders[order + 1]);
				row(names[n], pair_is_judged, &pairs[n]);
				n++;
			}
}

/* A bit that the bus flips once: right on the second look, and not taken for damage. */
struct flip {
	const uint8_t *data;
	uint64_t at, size;
	unsigned times;
};

static enum cause flip_read(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	struct flip *f = ctx;

	(void)err;
	memcpy(buf, f->data + off, len);
	if (f->at >= off && f->at < off + len && f->times) {
		f->times--;
		((uint8_t *)buf)[f->at - off] ^= 1;
	}
	return CAUSE_OK;
}

static void a_bit_flipped_on_the_way_counts_as_damage(void **state)
{
	static const uint64_t places[] = {100, 300, 5000, HDR + 100, HDR + 5000};
	uint8_t *image = image_new(HDR, 7, 7);
	struct header_report report;
	struct error err;
	struct luks luks;

	(void)state;
	for (size_t i = 0; i < COUNT(places); i++)
		for (unsigned times = 1; times <= 2; times++) {
			struct flip f = {image, places[i], 2 * HDR, times};
			struct reader r = {flip_read, &f, f.size, "img"};

			assert_int_equal(header_load(&r, &luks, &report, &err), CAUSE_OK);
			assert_int_equal(!report.note[0], times == 1);
			assert_int_equal(report.used_secondary, times == 2 && places[i] < HDR);
		}
	free(image);
}

/* --- sequence numbers ------------------------------------------------------------------ */

static void sequence_numbers_are_compared_as_32_or_63_bits(void **state)
{
	static const uint64_t pairs[][2] = {
		{1, UINT64_C(1) << 32},
		{UINT64_MAX >> 1, (UINT64_MAX >> 1) + 1},
		{0, UINT64_MAX},
		{UINT64_MAX - 1, UINT64_MAX},
		{0, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++)
		for (int swap = 0; swap < 2; swap++) {
			uint8_t *image = image_new(HDR, pairs[i][swap], pairs[i][!swap]);
			struct outcome o = load(image, 2 * HDR);

			assert_int_equal(o.cause, CAUSE_OK);
			assert_int_equal(o.report.used_secondary, !swap);
			assert_true(o.luks.seqid == pairs[i][1]);
			free(image);
		}
}

static void the_note_names_the_wrong_copy_as_older(void **state)
{
	uint8_t *image = image_new(HDR, 7, 9);

	(void)state;
	says(load(image, 2 * HDR).report.note, "img: the primary header is older (7, not 9)");
	free(image);
	image = image_new(HDR, 9, 7);
	says(load(image, 2 * HDR).report.note, "img: the secondary header is older (7, not 9)");
	free(image);
}

static void two_different_copies_of_one_sequence_are_passed_over(void **state)
{
	static const struct edit edit = {SET, "keyslots/1/kdf/iterations", "1001"};
	uint8_t *image = image_new(HDR, 7, 7);
	struct outcome o;

	(void)state;
	put_edited(image, HDR, 7, &edit);
	o = load(image, 2 * HDR);
	assert_int_equal(o.luks.keyslots[1].kdf.iterations, 1000);
	says(o.report.note, "have the same sequence id and differ; the primary is used");
	free(image);
}

static void the_note_does_not_say_why(void **state)
{
	uint8_t *image = image_new(HDR, 7, 7);

	(void)state;
	image[5000] ^= 1;
	says(load(image, 2 * HDR).report.note,
		"img: the primary header cannot be used (sha256 checksum is wrong), the other copy is used");
	image[5000] ^= 1;
	memset(image + HDR, 0, HDR);
	says(load(image, 2 * HDR).report.note,
		"img: the secondary header cannot be used (has no LUKS magic)");
	free(image);
}

/* --- rules broken in one copy ------------------------------------------------------------ */

/* A newer copy that is right and cannot be used must not give way to an older one: what
 * was revoked or required there would come back. */
static void an_older_copy_is_used_since_the_newer_is_unsupported(void **state)
{
	static const struct edit edits[] = {
		{ADD, "config/requirements/mandatory", "\"unknown-thing\""},
		{SET, "segments/0/encryption", "\"cipher_null-ecb\""},
		{SET, "segments/0/type", "\"linear\""},
		{SET, "keyslots/0/kdf/type", "\"scrypt\""},
		{SET, "keyslots/0/area/encryption", "\"cipher_null-ecb\""},
		{SET, "digests/0/type", "\"other\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(edits); i++)
		for (int newer = 0; newer < 2; newer++) {
			uint8_t *image = image_new(HDR, 7, 7);
			struct outcome o;

			put_edited(image, newer ? HDR : 0, 8, &edits[i]);
			o = load(image, 2 * HDR);
			assert_int_equal(o.cause, CAUSE_OK);
			assert_true(o.luks.seqid == 8);
			assert_int_equal(o.luks.requirements.cause || o.luks.segments[0].verdict.cause ||
						 o.luks.keyslots[0].verdict.cause ||
						 o.luks.digests[0].verdict.cause,
				1);
			free(image);
		}
}

static void a_newer_copy_with_broken_rules_hides_the_older(void **state)
{
	static const struct edit edits[] = {
		{SET, "config/json_size", "\"4096\""},
		{SET, "keyslots/0/area/offset", "\"0\""},
		{REMOVE, "digests/0", NULL},
		{SET, "segments/0/sector_size", "512.0"},
		{SET, "keyslots/0/key_size", "01"},
		{ADD, "config", "\"json_size\":\"12288\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(edits); i++)
		for (int newer = 0; newer < 2; newer++) {
			uint8_t *image = image_new(HDR, 7, 7);
			struct outcome o;

			put_edited(image, newer ? HDR : 0, 8, &edits[i]);
			o = load(image, 2 * HDR);
			assert_int_equal(o.cause, CAUSE_OK);
			assert_true(o.luks.seqid == 7);
			assert_int_equal(o.report.used_secondary, !newer);
			says(o.report.note, newer ? "the secondary header cannot be used"
						  : "the primary header cannot be used");
			free(image);
		}
}

static void what_was_revoked_in_the_newer_copy_is_still_there(void **state)
{
	static char json[IMAGE_JSON_ROOM];
	uint8_t *image = image_new(HDR, 7, 7);
	struct outcome o;

	(void)state;
	image_json(json, sizeof(json), HDR);
	edit_remove(json, sizeof(json), "keyslots/0");
	edit_remove(json, sizeof(json), "digests/0/keyslots/0");
	image_put(image, 0, HDR, 8, json);
	o = load(image, 2 * HDR);
	assert_int_equal(o.cause, CAUSE_OK);
	assert_int_equal(o.luks.keyslot_count, 1);
	assert_null(luks_find_keyslot(&o.luks, 0));
	free(image);
}

/* --- the JSON area ---------------------------------------------------------------------- */

/* A primary alone, with these bytes in its JSON area from @off on. */
static struct outcome with_json_bytes(size_t off, const char *bytes, size_t len, bool terminated)
{
	uint8_t *image = image_new(HDR, 7, 7);
	struct outcome o;

	if (!terminated)
		for (size_t i = IMAGE_JSON; i < HDR; i++)
			image[i] = image[i] ? image[i] : ' ';
	memcpy(image + IMAGE_JSON + off, bytes, len);
	image_seal(image);
	memset(image + HDR, 0, HDR);
	o = load(image, 2 * HDR);
	free(image);
	return o;
}

static void bytes_behind_the_JSON_text_are_accepted(void **state)
{
	struct outcome o = with_json_bytes(HDR - IMAGE_JSON - 1, "x", 1, true);

	(void)state;
	assert_int_equal(o.cause, CAUSE_DAMAGED);
	says(o.err.text, "primary: bytes after the JSON text");
	says(o.err.text, "secondary: has no LUKS magic");
	o = with_json_bytes(8000, "{}", 2, true);
	assert_int_equal(o.cause, CAUSE_DAMAGED);
	says(o.err.text, "bytes after the JSON text");
}

static void JSON_without_a_NUL_is_accepted(void **state)
{
	struct outcome o = with_json_bytes(0, "{", 1, false);

	(void)state;
	assert_int_equal(o.cause, CAUSE_DAMAGED);
	says(o.err.text, "JSON text is not terminated");
}

static void an_empty_JSON_area_is_accepted(void **state)
{
	struct outcome o = with_json_bytes(0, "\0", 1, true);

	(void)state;
	assert_int_equal(o.cause, CAUSE_DAMAGED);
}

/* The largest text there is room for: one NUL at the end of the area. */
static void JSON_that_fills_its_area_is_refused(void **state)
{
	static char json[IMAGE_JSON_ROOM], pad[12288];
	uint8_t *image = image_new(HDR, 7, 7);
	size_t room = HDR - IMAGE_JSON - 1;

	(void)state;
	image_json(json, sizeof(json), HDR);
	edit_set(json, sizeof(json), "tokens/0/key_description", "\"\"");
	memset(pad, 'x', sizeof(pad));
	pad[0] = '"';
	memcpy(pad + 1 + room - strlen(json), "\"", 2);
	edit_set(json, sizeof(json), "tokens/0/key_description", pad);
	assert_int_equal(strlen(json), room);
	image_put(image, 0, HDR, 8, json);
	assert_true(load(image, 2 * HDR).luks.seqid == 8);
	free(image);
}

/* --- the secondary without a primary ----------------------------------------------------- */

static void a_secondary_at_one_of_the_nine_places_is_not_found(void **state)
{
	(void)state;
	for (uint64_t size = 0x4000; size <= 0x400000; size *= 2) {
		uint8_t *image = image_new(size, 7, 7);
		struct outcome o;

		memset(image, 0, (size_t)size);
		o = load(image, 2 * size);
		assert_int_equal(o.cause, CAUSE_OK);
		assert_true(o.report.used_secondary);
		assert_true(o.luks.hdr_size_bytes == size);
		says(o.report.note, "img: the primary header cannot be used (has no LUKS magic)");
		free(image);
	}
}

static void a_lost_first_sector_hides_the_secondary(void **state)
{
	static const uint8_t mbr_end[] = {0x55, 0xaa};
	uint8_t *image = image_new(HDR, 7, 7);
	struct outcome o;

	(void)state;
	memset(image, 0, 512);
	memcpy(image + 510, mbr_end, 2);
	o = load(image, 2 * HDR);
	assert_int_equal(o.cause, CAUSE_OK);
	assert_true(o.report.used_secondary);
	free(image);
}

static void a_secondary_elsewhere_is_found(void **state)
{
	uint8_t *image = image_new(HDR, 7, 7), *moved = calloc(1, 8 * HDR);
	static const uint64_t places[] = {512, 4096, 3 * HDR, 5 * HDR};

	(void)state;
	assert_non_null(moved);
	for (size_t i = 0; i < COUNT(places); i++) {
		memset(moved, 0, 8 * HDR);
		memcpy(moved + places[i], image + HDR, HDR);
		image_put_number(moved + places[i] + IMAGE_HDR_OFFSET, 8, places[i]);
		image_seal(moved + places[i]);
		assert_int_equal(load(moved, 8 * HDR).cause, CAUSE_DEVICE);
	}
	free(moved);
	free(image);
}

/* An old, smaller header's secondary inside a newer, larger header's JSON area must not matter. */
static void a_left_over_secondary_beats_a_good_primary(void **state)
{
	uint8_t *large = image_new(2 * HDR, 3, 3), *small = image_new(HDR, 9, 9);
	struct outcome o;

	(void)state;
	/* behind both copies, at 0x10000, nothing looks: at 0x4000 the primary's own area would be broken */
	memset(large + 2 * HDR, 0, 2 * HDR);
	memcpy(large + 2 * HDR, small + HDR, HDR);
	o = load(large, 4 * HDR);
	assert_int_equal(o.cause, CAUSE_OK);
	assert_false(o.report.used_secondary);
	assert_true(o.luks.seqid == 3);
	free(small);
	free(large);
}

static void a_damaged_secondary_hides_a_good_one_further_on(void **state)
{
	uint8_t *image = image_new(4 * HDR, 7, 7), *small = image_new(HDR, 9, 9);
	struct outcome o;

	(void)state;
	memset(image, 0, 4 * HDR);
	memcpy(image + HDR, small + HDR, HDR);
	image[HDR + 5000] ^= 1;
	o = load(image, 8 * HDR);
	assert_int_equal(o.cause, CAUSE_OK);
	assert_true(o.luks.hdr_size_bytes == 4 * HDR);
	free(small);
	free(image);
}

static void a_read_error_on_the_way_hides_the_secondary(void **state)
{
	uint8_t *image = image_new(4 * HDR, 7, 7);
	struct image_device dev = {.data = image,
		.size = 8 * HDR,
		.bad = {{0, 512}, {HDR, 512}, {2 * HDR, 512}}};
	struct outcome o = load_device(&dev);

	(void)state;
	assert_int_equal(o.cause, CAUSE_OK);
	assert_true(o.report.used_secondary);
	says(o.report.note, "cannot be read");
	free(image);
}

/* --- interrupted writes ------------------------------------------------------------------ */

/* The new binary header with the old JSON, or the other way round, in either copy. */
static void a_torn_write_is_believed(void **state)
{
	static const struct edit edit = {SET, "keyslots/1/kdf/iterations", "1001"};

	(void)state;
	for (int copy = 0; copy < 2; copy++)
		for (int part = 0; part < 2; part++) {
			uint8_t *image = image_new(HDR, 7, 7), *old = malloc(HDR);
			uint64_t at = copy ? HDR : 0;
			size_t from = part ? IMAGE_JSON : 0, len = part ? HDR - IMAGE_JSON : IMAGE_JSON;
			struct outcome o;

			assert_non_null(old);
			memcpy(old, image + at, HDR);
			put_edited(image, at, 8, &edit);
			memcpy(image + at + from, old + from, len);
			o = load(image, 2 * HDR);
			assert_int_equal(o.cause, CAUSE_OK);
			assert_int_equal(o.report.used_secondary, !copy);
			assert_true(o.luks.seqid == 7);
			assert_int_equal(o.luks.keyslots[1].kdf.iterations, 1000);
			says(o.report.note, "checksum is wrong");
			free(old);
			free(image);
		}
}

/* --- truncation -------------------------------------------------------------------------- */

static const struct cut {
	const char *name;
	uint64_t size;
	enum cause cause;
	const char *piece; /* of the sentence, or of the note */
} cuts[] = {
	{"an empty device crashes", 0, CAUSE_DEVICE, "is not a LUKS device"},
	{"one byte crashes", 1, CAUSE_DEVICE, "is not a LUKS device"},
	{"six bytes with the magic are read on", 6, CAUSE_DEVICE, "is not a LUKS device"},
	{"511 bytes are read on", 511, CAUSE_DEVICE, "is not a LUKS device"},
	{"512 bytes are read on", 512, CAUSE_DEVICE, "is not a LUKS device"},
	{"4095 bytes are read on", 4095, CAUSE_DEVICE, "is not a LUKS device"},
	{"4096 bytes are called damaged", 4096, CAUSE_DEVICE, "truncated?"},
	{"4097 bytes are called damaged", 4097, CAUSE_DEVICE, "truncated?"},
	{"one byte less than the primary is called damaged", HDR - 1, CAUSE_DEVICE,
		"ends at byte 16383, but bytes 4096 to 16384 are needed: truncated?"},
	{"a device that ends with its primary does not open", HDR, CAUSE_OK,
		"the secondary header cannot be used"},
	{"a secondary of one byte is read on", HDR + 1, CAUSE_OK, "truncated?"},
	{"a secondary without JSON is read on", HDR + 4096, CAUSE_OK, "truncated?"},
	{"a secondary of one byte less is read on", 2 * HDR - 1, CAUSE_OK, "truncated?"},
	{"an exact device is called truncated", 2 * HDR, CAUSE_OK, ""},
};

static void cut_is_judged(void **state)
{
	const struct cut *c = *state;
	uint8_t *image = image_new(HDR, 7, 7);
	struct outcome o = load(image, c->size);

	assert_int_equal(o.cause, c->cause);
	says(o.cause ? o.err.text : o.report.note, c->piece);
	if (!*c->piece)
		assert_string_equal(o.report.note, "");
	free(image);
}

/* 4 MiB claimed, 32 KiB there. */
static void a_size_beyond_the_device_is_read(void **state)
{
	uint8_t *image = image_new(HDR, 7, 7);
	struct outcome o;

	(void)state;
	image_put_number(image + IMAGE_HDR_SIZE, 8, 0x400000);
	memset(image + HDR, 0, HDR);
	o = load(image, 2 * HDR);
	assert_int_equal(o.cause, CAUSE_DEVICE);
	says(o.err.text, "truncated?");
	free(image);
}

/* --- what is no LUKS2 --------------------------------------------------------------------- */

static void foreign_bytes_are_called_damaged(void **state)
{
	uint8_t *bytes = calloc(1, 1 << 20);

	(void)state;
	assert_non_null(bytes);
	for (int kind = 0; kind < 4; kind++) {
		struct outcome o;

		for (size_t i = 0; i < 1 << 20; i++)
			bytes[i] = (uint8_t)(kind == 0   ? 0
					     : kind == 1 ? 0xff
					     : kind == 2 ? 'a' + i % 26
							 : i * i >> 3);
		o = load(bytes, 1 << 20);
		assert_int_equal(o.cause, CAUSE_DEVICE);
		assert_string_equal(o.err.text, "img: is not a LUKS device");
	}
	free(bytes);
}

/* A later format: in one copy or in both, it is not damage. */
static void LUKS3_is_called_damaged(void **state)
{
	uint8_t *image = image_new(HDR, 7, 7);
	struct outcome o;

	(void)state;
	image_put_number(image + IMAGE_VERSION, 2, 3);
	image_put_number(image + HDR + IMAGE_VERSION, 2, 3);
	image_seal(image);
	image_seal(image + HDR);
	o = load(image, 2 * HDR);
	assert_int_equal(o.cause, CAUSE_UNSUPPORTED);
	says(o.err.text, "version 3");
	memset(image + HDR, 0, HDR);
	o = load(image, 2 * HDR);
	assert_int_equal(o.cause, CAUSE_UNSUPPORTED);
	says(o.err.text, "version 3");
	free(image);
}

static void an_unknown_checksum_in_both_copies_is_called_damaged(void **state)
{
	uint8_t *image = image_new(HDR, 7, 7);
	struct outcome o;

	(void)state;
	image_put_text(image + IMAGE_CSUM_ALG, 32, "blake3");
	image_put_text(image + HDR + IMAGE_CSUM_ALG, 32, "blake3");
	o = load(image, 2 * HDR);
	assert_int_equal(o.cause, CAUSE_UNSUPPORTED);
	says(o.err.text, "blake3");
	free(image);
}

/* One byte of the version or of the algorithm's name can be wrong by accident. */
static void a_wrong_version_or_checksum_name_in_one_copy_hides_the_other(void **state)
{
	uint8_t *image = image_new(HDR, 7, 7);
	struct outcome o;

	(void)state;
	image_put_number(image + IMAGE_VERSION, 2, 3);
	assert_true(load(image, 2 * HDR).report.used_secondary);
	image_put_number(image + IMAGE_VERSION, 2, 2);
	image[IMAGE_CSUM_ALG] ^= 1;
	o = load(image, 2 * HDR);
	assert_int_equal(o.cause, CAUSE_OK);
	assert_true(o.report.used_secondary);
	free(image);
}

static void both_copies_damaged_says_only_one_reason(void **state)
{
	uint8_t *image = image_new(HDR, 7, 7);
	struct outcome o;

	(void)state;
	image[5000] ^= 1;
	image_put_number(image + HDR + IMAGE_HDR_OFFSET, 8, 0);
	o = load(image, 2 * HDR);
	assert_int_equal(o.cause, CAUSE_DAMAGED);
	says(o.err.text, "primary: sha256 checksum is wrong");
	says(o.err.text, "secondary: was written for byte 0, not for byte 16384");
	free(image);
}

/* Header text must not drive the terminal. */
static void a_control_character_reaches_the_terminal(void **state)
{
	static const struct edit edit = {RENAME, "keyslots/0", "\\u001b[2J"};
	uint8_t *image = image_new(HDR, 7, 7);
	struct outcome o;

	(void)state;
	put_edited(image, 0, 8, &edit);
	memset(image + HDR, 0, HDR);
	o = load(image, 2 * HDR);
	assert_int_equal(o.cause, CAUSE_DAMAGED);
	for (const char *p = o.err.text; *p; p++)
		assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
	free(image);
}

/* --- contents that change between reads ----------------------------------------------------- */

struct turncoat {
	uint8_t *good, *evil, *seen;
	uint64_t size;
};

static enum cause turncoat_read(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	struct turncoat *t = ctx;

	(void)err;
	for (size_t i = 0; i < len; i++) {
		((uint8_t *)buf)[i] = t->seen[off + i] ? t->evil[off + i] : t->good[off + i];
		t->seen[off + i] = 1;
	}
	return CAUSE_OK;
}

static void a_header_swapped_behind_our_back_is_used(void **state)
{
	static const struct edit edit = {SET, "segments/0/encryption", "\"cipher_null-ecb\""};
	struct turncoat t = {image_new(HDR, 7, 7), image_new(HDR, 7, 7), calloc(2, HDR), 2 * HDR};
	struct reader r = {turncoat_read, &t, t.size, "img"};
	struct header_report report;
	struct error err;
	struct luks luks;

	(void)state;
	put_edited(t.evil, 0, 7, &edit);
	put_edited(t.evil, HDR, 7, &edit);
	assert_int_equal(header_load(&r, &luks, &report, &err), CAUSE_OK);
	assert_int_equal(luks.segments[0].verdict.cause, CAUSE_OK);
	free(t.good);
	free(t.evil);
	free(t.seen);
}

int main(void)
{
	ROW(without_memory_for_one_copy_the_other_is_used);
	ROW(a_good_header_is_refused);
	ROW(a_field_of_the_binary_header_does_not_reach_the_model);
	ROW(a_byte_is_read_twice);
	add_pairs();
	ROW(a_bit_flipped_on_the_way_counts_as_damage);
	ROW(sequence_numbers_are_compared_as_32_or_63_bits);
	ROW(the_note_names_the_wrong_copy_as_older);
	ROW(two_different_copies_of_one_sequence_are_passed_over);
	ROW(the_note_does_not_say_why);
	ROW(an_older_copy_is_used_since_the_newer_is_unsupported);
	ROW(a_newer_copy_with_broken_rules_hides_the_older);
	ROW(what_was_revoked_in_the_newer_copy_is_still_there);
	ROW(bytes_behind_the_JSON_text_are_accepted);
	ROW(JSON_without_a_NUL_is_accepted);
	ROW(an_empty_JSON_area_is_accepted);
	ROW(JSON_that_fills_its_area_is_refused);
	ROW(a_secondary_at_one_of_the_nine_places_is_not_found);
	ROW(a_lost_first_sector_hides_the_secondary);
	ROW(a_secondary_elsewhere_is_found);
	ROW(a_left_over_secondary_beats_a_good_primary);
	ROW(a_damaged_secondary_hides_a_good_one_further_on);
	ROW(a_read_error_on_the_way_hides_the_secondary);
	ROW(a_torn_write_is_believed);
	for (size_t i = 0; i < COUNT(cuts); i++)
		row(cuts[i].name, cut_is_judged, &cuts[i]);
	ROW(a_size_beyond_the_device_is_read);
	ROW(foreign_bytes_are_called_damaged);
	ROW(LUKS3_is_called_damaged);
	ROW(an_unknown_checksum_in_both_copies_is_called_damaged);
	ROW(a_wrong_version_or_checksum_name_in_one_copy_hides_the_other);
	ROW(both_copies_damaged_says_only_one_reason);
	ROW(a_control_character_reaches_the_terminal);
	ROW(a_header_swapped_behind_our_back_is_used);
	return rows_run("header");
}
