/* SPDX-License-Identifier: MIT */
/* The superblock of dm-integrity, field by field, and the two table lines that come of it and of a header. */
#include "format/integrity.h"
#include "base/bytes.h"
#include "header_image_rows.h"
#include "unlock/volume_table.h"

enum { DEVICE_BYTES = 64 << 20, SECTORS = 44272 };

/* What is on the data device: a superblock where the data begins, and nothing else. */
static struct {
	uint8_t superblock[512];
	uint64_t off;
} disk;

static enum cause read_disk(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	(void)ctx;
	(void)err;
	memset(buf, 0, len);
	if (off == disk.off)
		memcpy(buf, disk.superblock, len < sizeof(disk.superblock) ? len : sizeof(disk.superblock));
	return CAUSE_OK;
}

/* As Linux 6.1 wrote it. */
static const uint8_t good[32] = {'i', 'n', 't', 'e', 'g', 'r', 't', 0, 4, 15, 32, 0, 1, 0, 0, 0, 0xf0, 0xac,
	0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 3, 12};

static struct reader put_superblock(uint64_t off)
{
	memset(&disk, 0, sizeof(disk));
	memcpy(disk.superblock, good, sizeof(good));
	disk.off = off;
	return (struct reader){read_disk, NULL, DEVICE_BYTES, "disk"};
}

/* --- the superblock ----------------------------------------------------------------------------------- */

static const struct defect {
	const char *name;
	unsigned off, bytes;
	uint64_t value;
	enum cause cause;
	const char *piece;
} defects[] = {
	{"a superblock of zeroes is good, and the kernel formats", 0, 8, 0, CAUSE_DAMAGED,
		"no integrity superblock"},
	{"the end of the magic is not looked at", 7, 1, 1, CAUSE_DAMAGED, "no integrity superblock"},
	{"version 0 is good", 8, 1, 0, CAUSE_DAMAGED, "no integrity superblock at byte 2097152"},
	{"version 1 is refused", 8, 1, 1, CAUSE_OK, ""},
	{"version 5 is refused", 8, 1, 5, CAUSE_OK, ""},
	{"a version that is not known is good", 8, 1, 7, CAUSE_UNSUPPORTED, "version 7 and flags 0x8"},
	{"an interleave below the least is good", 9, 1, 2, CAUSE_DAMAGED, "no integrity superblock"},
	{"an interleave above the most is good", 9, 1, 32, CAUSE_DAMAGED, "no integrity superblock"},
	{"tags of another length are good", 10, 2, 28, CAUSE_DAMAGED, "tags of 28 bytes"},
	{"the high byte of the tags' length is lost", 10, 2, 0x120, CAUSE_DAMAGED, "tags of 288 bytes"},
	{"no journal at all is good", 12, 4, 0, CAUSE_DAMAGED, "no integrity superblock"},
	{"no data is good", 16, 8, 0, CAUSE_DAMAGED, "0 * 512 bytes of data"},
	{"data that ends within a block is good", 16, 8, SECTORS + 1, CAUSE_DAMAGED, "44273 * 512 bytes"},
	{"data beyond the device is good", 16, 8, (DEVICE_BYTES - (2 << 20)) / 512 + 8, CAUSE_DAMAGED,
		"does not fit header and device"},
	{"a size that wraps round is good", 16, 8, 1ull << 55 | SECTORS, CAUSE_DAMAGED,
		"does not fit header and device"},
	{"padding of the old kind is refused", 24, 4, 0, CAUSE_OK, ""},
	{"a fixed HMAC is refused", 24, 4, 24, CAUSE_OK, ""},
	{"a journal with a MAC is good", 24, 4, 9, CAUSE_UNSUPPORTED, "flags 0x9"},
	{"one that is being recalculated is good", 24, 4, 10, CAUSE_UNSUPPORTED, "flags 0xa"},
	{"a bitmap is good", 24, 4, 12, CAUSE_UNSUPPORTED, "flags 0xc"},
	{"tags inline are good", 24, 4, 40, CAUSE_UNSUPPORTED, "flags 0x28"},
	{"a flag that is not known is good", 24, 4, 0x80000008, CAUSE_UNSUPPORTED, "flags 0x80000008"},
	{"blocks of another length are good", 28, 1, 0, CAUSE_DAMAGED, "sectors of 512 << 0 bytes"},
	{"blocks of 8192 bytes are good", 28, 1, 4, CAUSE_DAMAGED, "sectors of 512 << 4 bytes"},
	{"the shift of the blocks overflows", 28, 1, 255, CAUSE_DAMAGED, "sectors of 512 << 255 bytes"},
};

static void superblock_is_judged(void **state)
{
	const struct defect *d = *state;
	struct luks_segment seg = {.cipher = CIPHER_AES_XTS_HMAC_SHA256,
		.sector_bytes = 4096,
		.off = 2 << 20};
	struct reader r = put_superblock(seg.off);
	struct error err = {.text = ""};
	uint64_t size = 0;

	for (unsigned i = 0; i < d->bytes; i++)
		disk.superblock[d->off + i] = (uint8_t)(d->value >> 8 * i);
	assert_int_equal(integrity_size(&r, &seg, &size, &err), d->cause);
	if (!strstr(err.text, d->piece))
		fail_msg("\"%s\" does not say \"%s\"", err.text, d->piece);
	if (!d->cause)
		assert_int_equal(size, SECTORS * 512);
}

static void a_fixed_size_that_differs_is_good(void **state)
{
	struct luks_segment seg = {.cipher = CIPHER_AES_XTS_HMAC_SHA256,
		.sector_bytes = 4096,
		.off = 2 << 20};
	struct reader r = put_superblock(seg.off);
	struct error err;
	uint64_t size;

	(void)state;
	seg.size_bytes = SECTORS * 512;
	assert_int_equal(integrity_size(&r, &seg, &size, &err), CAUSE_OK);
	seg.size_bytes += 4096;
	assert_int_equal(integrity_size(&r, &seg, &size, &err), CAUSE_DAMAGED);
	r.size_bytes = seg.off + 511;
	assert_int_equal(integrity_size(&r, &seg, &size, &err), CAUSE_DEVICE);
}

/* --- the table ---------------------------------------------------------------------------------------- */

#define HMAC_SHA256 "capi:authenc(hmac(sha256),xts(aes))-plain64"

/* What cryptsetup 2.6.1 and 2.8.8 load; the words that the kernel adds to those of integrity are not sent. */
static const struct line_row {
	const char *name, *encryption, *integrity;
	uint32_t sector_bytes, key_bytes;
	uint32_t sectors, flags;
	unsigned tag_bytes;
	bool no_journal, inline_tags, hex;
	const char *crypt, *below;
} lines[] = {
	{"hmac-26, hmac-28", "aes-xts-plain64", "hmac(sha256)", 4096, 96, 44272, 8, 32, false, false, false,
		HMAC_SHA256 " KEY 0 253:1 0 2 integrity:32:aead sector_size:4096",
		"253:0 OFF 32 J 1 block_size:4096"},
	{"hmac-nojournal-28", "aes-xts-plain64", "hmac(sha256)", 4096, 96, 44272, 8, 32, true, false, false,
		HMAC_SHA256 " KEY 0 253:1 0 2 integrity:32:aead sector_size:4096",
		"253:0 OFF 32 D 1 block_size:4096"},
	{"hmac-hexkey-26", "aes-xts-plain64", "hmac(sha256)", 4096, 96, 44272, 8, 32, false, false, true,
		HMAC_SHA256 " KEY 0 253:1 0 2 integrity:32:aead sector_size:4096",
		"253:0 OFF 32 J 1 block_size:4096"},
	{"hmac-legacy-padding-28", "aes-xts-plain64", "hmac(sha256)", 512, 96, 40600, 0, 32, false, false,
		false, HMAC_SHA256 " KEY 0 253:1 0 1 integrity:32:aead", "253:0 OFF 32 J 1 block_size:512"},
	{"hmac512-28", "aes-xts-plain64", "hmac(sha512)", 512, 128, 36520, 8, 64, false, false, false,
		"capi:authenc(hmac(sha512),xts(aes))-plain64 KEY 0 253:1 0 1 integrity:64:aead",
		"253:0 OFF 64 J 1 block_size:512"},
	{"hmac512-28 in hex", "aes-xts-plain64", "hmac(sha512)", 512, 128, 36520, 8, 64, false, false, true,
		"capi:authenc(hmac(sha512),xts(aes))-plain64 KEY 0 253:1 0 1 integrity:64:aead",
		"253:0 OFF 64 J 1 block_size:512"},
	{"gcm-28", "aes-gcm-random", "aead", 4096, 32, 44336, 8, 28, false, false, false,
		"capi:gcm(aes)-random KEY 0 253:1 0 2 integrity:28:aead sector_size:4096",
		"253:0 OFF 28 J 1 block_size:4096"},
	{"chacha-28", "chacha20-random", "poly1305", 4096, 32, 44336, 8, 28, false, false, false,
		"capi:rfc7539(chacha20,poly1305)-random KEY 0 253:1 0 2 integrity:28:aead sector_size:4096",
		"253:0 OFF 28 J 1 block_size:4096"},
	{"aegis-28", "aegis128-random", "aead", 4096, 16, 44272, 8, 32, false, false, false,
		"capi:aegis128-random KEY 0 253:1 0 2 integrity:32:aead sector_size:4096",
		"253:0 OFF 32 J 1 block_size:4096"},
	{"inline-28", "aes-xts-plain64", "hmac(sha256)", 4096, 96, 0, 0, 0, false, true, false,
		HMAC_SHA256 " KEY 0 253:0 OFF 2 integrity:32:aead sector_size:4096", NULL},
	{"inline-aegis-28", "aegis128-random", "aead", 4096, 16, 0, 0, 0, false, true, false,
		"capi:aegis128-random KEY 0 253:0 OFF 2 integrity:32:aead sector_size:4096", NULL},
};

/* @want with the key and the offset, which the image of these tests decides. */
static void fill_in(const struct line_row *row, const char *want, const struct luks *luks,
	char out[static 1024])
{
	char key[300];

	snprintf(key, sizeof(key), ":%u:logon:cryptsetup:%s-d%u", row->key_bytes, luks->uuid,
		luks->digests[luks->segments[0].digest].id);
	for (unsigned i = 0; row->hex && i < row->key_bytes; i++)
		snprintf(key + 2 * i, 3, "%02x", i & 255);
	for (*out = 0; *want; want++)
		if (!strncmp(want, "KEY", 3) || !strncmp(want, "OFF", 3)) {
			if (*want == 'K')
				strcat(out, key);
			else
				sprintf(out + strlen(out), "%llu",
					(unsigned long long)luks->segments[0].off / 512);
			want += 2;
		} else {
			strncat(out, want, 1);
		}
}

static const struct luks *header_of(const struct line_row *row)
{
	static char encryption[64], sector[16], integrity[200];
	struct edit edits[6] = {
		{SET, "segments/0/encryption", encryption},
		{SET, "segments/0/sector_size", sector},
		{ADD, "segments/0", integrity},
		{SET, "segments/0/size", "\"dynamic\""},
	};
	unsigned n = 4;

	snprintf(encryption, sizeof(encryption), "\"%s\"", row->encryption);
	snprintf(sector, sizeof(sector), "%u", row->sector_bytes);
	snprintf(integrity, sizeof(integrity),
		"\"integrity\":{\"type\":\"%s\",\"journal_encryption\":\"none\","
		"\"journal_integrity\":\"none\"}",
		row->integrity);
	if (row->no_journal)
		edits[n++] = (struct edit){SET, "config/flags", "[\"no-journal\"]"};
	if (row->inline_tags)
		edits[n++] = (struct edit){SET, "config/requirements/mandatory", "[\"inline-hw-tags\"]"};
	return &judge_edits(edits, n)->luks;
}

static void expect_line(const struct line_row *row, const struct table *table, const struct target *t,
	const char *want, const struct luks *luks)
{
	char line[TARGET_LINE_BYTES], wanted[1024];

	fill_in(row, want, luks, wanted);
	assert_true(target_format(table, t, line, sizeof(line)));
	assert_string_equal(line, wanted);
}

static void a_line_differs_from_cryptsetups(void **state)
{
	static uint8_t key[128];
	static struct luks_device d;
	const struct line_row *row = *state;
	struct volume_keys keys = {.count = 1};
	const struct volume_devices on = {&d.data, &d.data};
	struct volume_table t;
	struct error err;
	uint64_t sectors = row->sectors;

	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	d.luks = *header_of(row);
	d.place = (struct place){.device = &d.data};
	d.data.is_block = true;
	d.data.major = 253;
	d.data.reader = put_superblock(row->inline_tags ? 0 : d.luks.segments[0].off);
	disk.superblock[10] = (uint8_t)row->tag_bytes;
	disk.superblock[16] = (uint8_t)row->sectors;
	disk.superblock[17] = (uint8_t)(row->sectors >> 8);
	disk.superblock[24] = (uint8_t)row->flags;
	disk.superblock[28] = row->sector_bytes == 4096 ? 3 : 0;
	keys.key[0] =
		(struct volume_key){key, row->key_bytes, 0, d.luks.digests[d.luks.segments[0].digest].id};
	assert_int_equal(volume_table_fill(&d, &on, &keys, !row->hex, &t, &err), CAUSE_OK);
	assert_int_equal(t.table.count, 1);
	assert_int_equal(luks_has_integrity(&d.luks), row->below != NULL);
	if (row->below) {
		assert_int_equal(t.integrity.type, TARGET_INTEGRITY);
		assert_int_equal(t.integrity.size_sectors, sectors);
		expect_line(row, &t.table, &t.integrity, row->below, &d.luks);
		/* What map_create does when the mapping below is there. */
		t.targets[0].minor = 1;
		t.targets[0].off_sectors = 0;
	} else {
		sectors = (DEVICE_BYTES - d.luks.segments[0].off) / 512;
	}
	assert_int_equal(t.targets[0].size_sectors, sectors);
	expect_line(row, &t.table, &t.targets[0], row->crypt, &d.luks);
	if (!row->below)
		return;
	/* Read once more for each table: what was good a minute ago need not be. */
	disk.superblock[0] = 0;
	assert_int_equal(volume_table_fill(&d, &on, &keys, !row->hex, &t, &err), CAUSE_DAMAGED);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(defects) / sizeof(*defects); i++)
		row(defects[i].name, superblock_is_judged, &defects[i]);
	ROW(a_fixed_size_that_differs_is_good);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		row(lines[i].name, a_line_differs_from_cryptsetups, &lines[i]);
	return rows_run("integrity");
}
