/* SPDX-License-Identifier: MIT */
/*
 * Tests of unlock/recovery: where the old data of a crashed re-encryption is, for real metadata and for
 * changed one. That what is mapped shows the right data is tested by tests/boot/test_mapping.py.
 */
#include "sample.h"
#include "unit.h"
#include "unlock/recovery.h"

enum { DEVICE_BYTES = 48 << 20 };

static uint8_t device[DEVICE_BYTES];

/* What a test works with. */
struct crashed {
	struct luks_device d;
	uint64_t sizes[LUKS_REGULAR_MAX];
	struct luks_segment *hot;
};

static void read_crashed(const char *name, struct crashed *c)
{
	struct error err;

	*c = (struct crashed){.d = {.detached = {.fd = -1}}};
	c->d.place = (struct place){.device = &c->d.data};
	c->d.data.reader = reader_memory(device, sizeof(device), "device");
	memcpy(c->d.data.name, "device", sizeof("device"));
	sample_read(name, &c->d.luks);
	assert_int_equal(c->d.luks.reencryption, LUKS_REENCRYPTION_CRASHED);
	assert_true(c->d.luks.reencrypt.is_readable);
	assert_int_equal(luks_data_sizes(&c->d.luks, sizeof(device), c->sizes, &err), CAUSE_OK);
	for (c->hot = c->d.luks.segments; !c->hot->in_reencryption;)
		c->hot++;
}

/* --- where it is ------------------------------------------------------------------------------------ */

static const struct place_row {
	const char *name;
	bool linear, in_area, by_checksum;
	uint64_t off, size_bytes, iv_sectors;
} places[] = {
	/* The tables that were found to show the right data: see README.md beside the metadata. */
	{"rekey-checksum-mixed", false, false, true, UINT64_C(24576) * 512, 2048 * 512, 14336},
	{"rekey-journal-mixed", false, true, false, UINT64_C(576) * 512, 2048 * 512, 14336},
	{"encrypt-shift-mixed", true, false, false, UINT64_C(65536) * 512, 8192 * 512, 65536},
	{"decrypt-shift-mixed", false, false, false, UINT64_C(30720) * 512, 10240 * 512, 20480},
	{"decrypt-shift-last", false, false, true, 0, 10240 * 512, 0},
};

static void is_found(void **state)
{
	const struct place_row *row = *state;
	struct recovery r;
	struct crashed c;
	struct error err;

	read_crashed(row->name, &c);
	if (recovery_find(&c.d, c.sizes, &r, &err))
		fail_msg("%s", err.text);
	assert_int_equal(r.old.linear, row->linear);
	assert_int_equal(r.in_area, row->in_area);
	assert_int_equal(r.by_checksum, row->by_checksum);
	assert_int_equal(r.old.off, row->off);
	assert_int_equal(r.old.size_bytes, row->size_bytes);
	assert_int_equal(r.old.iv_sectors, row->iv_sectors);
	assert_int_equal(r.old.digest, c.d.luks.reencrypt.previous.digest);
}

/* --- what cannot be mapped -------------------------------------------------------------------------- */

static void no_hash(struct crashed *c)
{
	memcpy(c->d.luks.reencrypt.area_hash, "whirlpool", 10);
}

static void no_block(struct crashed *c)
{
	c->d.luks.reencrypt.area_sector_bytes = 0;
}

static void large_block(struct crashed *c)
{
	c->d.luks.reencrypt.area_sector_bytes = 8192;
}

static void block_in_old_sector(struct crashed *c)
{
	c->d.luks.reencrypt.previous.sector_bytes = 1024;
}

static void block_in_new_sector(struct crashed *c)
{
	c->hot->sector_bytes = 1024;
}

static void part_of_block(struct crashed *c)
{
	c->d.luks.reencrypt.area_sector_bytes = 4096;
	c->sizes[c->hot - c->d.luks.segments] += 512;
}

static void short_of_checksums(struct crashed *c)
{
	c->d.luks.reencrypt.area_size_bytes = 2048 * 32 - 1;
}

static void short_journal(struct crashed *c)
{
	c->d.luks.reencrypt.area_size_bytes = 2048 * 512 - 512;
}

static void datashift_in_place(struct crashed *c)
{
	c->d.luks.reencrypt.resilience = LUKS_RESILIENCE_DATASHIFT;
}

static void no_resilience(struct crashed *c)
{
	c->d.luks.reencrypt.resilience = LUKS_RESILIENCE_NONE;
}

static void journal_of_shift(struct crashed *c)
{
	c->d.luks.reencrypt.resilience = LUKS_RESILIENCE_DATASHIFT_JOURNAL;
}

static void checksum_elsewhere(struct crashed *c)
{
	c->d.luks.reencrypt.resilience = LUKS_RESILIENCE_CHECKSUM;
}

static void short_shift(struct crashed *c)
{
	c->d.luks.reencrypt.previous.off += 512;
}

static void beyond_device(struct crashed *c)
{
	c->d.luks.reencrypt.previous.off = sizeof(device);
}

static void short_moved(struct crashed *c)
{
	c->d.luks.reencrypt.moved.size_bytes -= 512;
}

static void sector_of_old(struct crashed *c)
{
	c->sizes[c->hot - c->d.luks.segments] -= 512;
	c->d.luks.reencrypt.previous.sector_bytes = 1024;
}

static void none_hot(struct crashed *c)
{
	c->hot->in_reencryption = false;
}

static const struct bad_row {
	const char *name, *sample;
	void (*change)(struct crashed *c);
	const char *kind;
} bads[] = {
	{"checksums of an unknown hash", "rekey-checksum-mixed", no_hash, "checksum"},
	{"blocks of no bytes", "rekey-checksum-mixed", no_block, "checksum"},
	{"blocks larger than a page", "rekey-checksum-mixed", large_block, "checksum"},
	{"a block ends inside a sector of the old data", "rekey-checksum-mixed", block_in_old_sector,
		"checksum"},
	{"a block ends inside a sector of the new data", "rekey-checksum-mixed", block_in_new_sector,
		"checksum"},
	{"the last block is cut", "rekey-checksum-mixed", part_of_block, "checksum"},
	{"checksums beyond the area", "rekey-checksum-mixed", short_of_checksums, "checksum"},
	{"a journal beyond the area", "rekey-journal-mixed", short_journal, "journal"},
	{"a data shift that shifts nothing", "rekey-journal-mixed", datashift_in_place, "datashift"},
	{"no recovery data, in place", "rekey-journal-mixed", no_resilience, "none"},
	{"no recovery data, elsewhere", "encrypt-shift-mixed", no_resilience, "none"},
	{"a journal where data shifts", "encrypt-shift-mixed", journal_of_shift, "datashift-journal"},
	{"a journal where data shifts, in place", "rekey-journal-mixed", journal_of_shift,
		"datashift-journal"},
	{"checksums of what is elsewhere", "encrypt-shift-mixed", checksum_elsewhere, "checksum"},
	{"new data reaches the old", "encrypt-shift-mixed", short_shift, "datashift"},
	{"old data beyond the device", "encrypt-shift-mixed", beyond_device, "datashift"},
	{"more than was moved", "decrypt-shift-last", short_moved, "datashift-checksum"},
	{"a part of an old sector", "encrypt-shift-mixed", sector_of_old, "datashift"},
	{"a segment that is not being written", "encrypt-shift-mixed", none_hot, "datashift"},
};

static void is_refused(void **state)
{
	const struct bad_row *row = *state;
	char kind[40];
	struct recovery r;
	struct crashed c;
	struct error err;

	read_crashed(row->sample, &c);
	row->change(&c);
	assert_int_equal(recovery_find(&c.d, c.sizes, &r, &err), CAUSE_UNSUPPORTED);
	snprintf(kind, sizeof(kind), "the kind \"%s\"", row->kind);
	if (!strstr(err.text, kind))
		fail_msg("%s", err.text);
}

/* --- the blocks --------------------------------------------------------------------------------------- */

enum { HOT_OFF = 24576 * 512, AREA_OFF = 294912, BLOCKS = 2048 };

static const struct target whole[2] = {
	{.type = TARGET_CRYPT, .off_sectors = 24576, .iv_sectors = 14336, .key = 0},
	{.type = TARGET_CRYPT, .off_sectors = 24576, .iv_sectors = 14336, .key = 1},
};

/* The checksum of each block that @is_old says; of the others the checksum is of something else. */
static enum cause split(bool (*is_old)(unsigned block), struct target *out, unsigned *count,
	struct error *err)
{
	struct recovery r;
	struct crashed c;

	read_crashed("rekey-checksum-mixed", &c);
	assert_int_equal(recovery_find(&c.d, c.sizes, &r, err), CAUSE_OK);
	for (unsigned i = 0; i < BLOCKS; i++) {
		uint8_t *block = device + HOT_OFF + i * 512;

		unit_fill(i, block, 512);
		hash_run(HASH_SHA256, &(struct bytes){block, 512}, 1, device + AREA_OFF + i * 32);
		block[i % 512] ^= !is_old(i);
	}
	return recovery_split(&c.d, &r, whole, out, count, err);
}

static bool as_in_sample(unsigned block)
{
	return block >= 801 && block < 801 + 64;
}

static bool all_are(unsigned block)
{
	return block < BLOCKS;
}

static bool none_is(unsigned block)
{
	return block >= BLOCKS;
}

static bool last_is(unsigned block)
{
	return block == BLOCKS - 1;
}

static bool in_32_pieces(unsigned block)
{
	return block < 31 && !(block % 2);
}

static bool in_33_pieces(unsigned block)
{
	return block < 32 && block % 2;
}

static void expect_piece(const struct target *t, unsigned key, uint64_t from, uint64_t sectors)
{
	assert_int_equal(t->key, key);
	assert_int_equal(t->off_sectors, 24576 + from);
	assert_int_equal(t->iv_sectors, 14336 + from);
	assert_int_equal(t->size_sectors, sectors);
}

TEST(a_block_is_taken_for_old_or_new_and_is_not)
{
	struct target out[RECOVERY_TARGETS_MAX];
	unsigned count;
	struct error err;

	assert_int_equal(split(as_in_sample, out, &count, &err), CAUSE_OK);
	assert_int_equal(count, 3);
	expect_piece(&out[0], 1, 0, 801);
	expect_piece(&out[1], 0, 801, 64);
	expect_piece(&out[2], 1, 865, 1183);
	assert_int_equal(split(all_are, out, &count, &err), CAUSE_OK);
	assert_int_equal(count, 1);
	expect_piece(&out[0], 0, 0, BLOCKS);
	assert_int_equal(split(none_is, out, &count, &err), CAUSE_OK);
	assert_int_equal(count, 1);
	expect_piece(&out[0], 1, 0, BLOCKS);
	assert_int_equal(split(last_is, out, &count, &err), CAUSE_OK);
	assert_int_equal(count, 2);
	expect_piece(&out[1], 0, BLOCKS - 1, 1);
}

TEST(more_pieces_than_there_is_room_for_are_written)
{
	struct target out[RECOVERY_TARGETS_MAX];
	unsigned count;
	struct error err;

	assert_int_equal(split(in_32_pieces, out, &count, &err), CAUSE_OK);
	assert_int_equal(count, RECOVERY_TARGETS_MAX);
	assert_int_equal(split(in_33_pieces, out, &count, &err), CAUSE_UNSUPPORTED);
	assert_string_equal(err.text, "device: the part being written is in more than 32 pieces");
}

TEST(a_device_that_ends_meanwhile_is_read_on)
{
	struct target out[RECOVERY_TARGETS_MAX];
	struct recovery r;
	struct crashed c;
	unsigned count;
	struct error err;

	read_crashed("rekey-checksum-mixed", &c);
	assert_int_equal(recovery_find(&c.d, c.sizes, &r, &err), CAUSE_OK);
	c.d.data.reader = reader_memory(device, HOT_OFF + 1000, "device");
	assert_int_equal(recovery_split(&c.d, &r, whole, out, &count, &err), CAUSE_DEVICE);
}

/* As dm.c writes it: 312 bytes of struct dm_ioctl, then 40 of struct dm_target_spec before each line. */
TEST(the_largest_table_does_not_fit_a_request)
{
	static const uint8_t key[64];
	const struct target_key keys[] = {{key, sizeof(key), NULL}};
	const struct target largest = {.type = TARGET_CRYPT,
		.major = 4095,
		.minor = 1048575,
		.off_sectors = UINT64_MAX >> 9,
		.cipher = "serpent-cbc-essiv:sha256",
		.iv_sectors = UINT64_MAX >> 9,
		.sector_bytes = 4096};
	const struct table table = {.targets = &largest,
		.count = 1,
		.keys = keys,
		.key_count = 1,
		.flags = ~0u};
	char line[TARGET_LINE_BYTES];
	size_t bytes = (target_format(&table, &largest, line, sizeof(line)) + 1 + 7) / 8 * 8 + 40;

	assert_true(312 + (LUKS_REGULAR_MAX - 1 + RECOVERY_TARGETS_MAX) * bytes <= 16384);
}

TEST(what_was_being_written_counts_as_done)
{
	struct crashed c;

	read_crashed("encrypt-shift-mixed", &c);
	assert_int_equal(luks_reencryption_percent(&c.d.luks, c.sizes), 10);
}

int main(void)
{
	for (size_t i = 0; i < COUNT(places); i++)
		row(places[i].name, is_found, &places[i]);
	for (size_t i = 0; i < COUNT(bads); i++)
		row(bads[i].name, is_refused, &bads[i]);
	ROW(a_block_is_taken_for_old_or_new_and_is_not);
	ROW(more_pieces_than_there_is_room_for_are_written);
	ROW(a_device_that_ends_meanwhile_is_read_on);
	ROW(the_largest_table_does_not_fit_a_request);
	ROW(what_was_being_written_counts_as_done);
	return rows_run("recovery");
}
