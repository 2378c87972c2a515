/* SPDX-License-Identifier: MIT */
/*
 * partition - see partition.h.
 *
 * What is accepted is what the kernel accepts (block/partitions/efi.c, msdos.c): anything else could give a
 * partition the id of another.
 */
#include "device/partition.h"
#include "base/bytes.h"
#include "base/text.h"
#include "device/crc32.h"
#include "device/names.h"
#include <string.h>

enum { MBR_BYTES = PARTITION_MBR_BYTES, MBR_SIGNATURE = 440, MBR_TABLE = 446, MBR_ENTRY_BYTES = 16 };
enum { MBR_PROTECTIVE = 0xee, LOGICAL_FIRST = 5, LOGICAL_MAX = 100 };
enum { GPT_HEADER_BYTES = 92, GPT_ENTRY_BYTES = 128, GPT_ENTRIES_MAX = 4096, GPT_NAME_UNITS = 36 };

/* The partition that is asked for. */
struct partition_query {
	const struct partition_table *t;
	unsigned number;
	uint64_t start_sectors;
};

/* Does the partition that begins at logical sector @start begin where it should? */
static bool begins_there(const struct partition_query *w, uint64_t start)
{
	return w->start_sectors == UINT64_MAX || start * (w->t->sector_bytes / 512) == w->start_sectors;
}

/* --- GPT (UEFI specification 2.10, 5.3) --- */

/* The header at logical sector @lba, if one was written for that place. */
static bool gpt_header(const struct partition_table *t, uint64_t lba, uint8_t h[static MBR_BYTES])
{
	struct error err;
	uint32_t size, sum;

	if (reader_read(t->disk, h, MBR_BYTES, lba * t->sector_bytes, &err) || memcmp(h, "EFI PART", 8))
		return false;
	size = bytes_le32(h + 12);
	sum = bytes_le32(h + 16);
	memset(h + 16, 0, 4);
	return size >= GPT_HEADER_BYTES && size <= MBR_BYTES && ~crc32_update(~0U, h, size) == sum &&
	       bytes_le64(h + 24) == lba;
}

/* Are all entries as they were written? */
static bool gpt_open(struct partition_table *t, uint64_t lba)
{
	enum { AT_ONCE = 32 };
	uint8_t h[MBR_BYTES], e[AT_ONCE * GPT_ENTRY_BYTES];
	uint32_t crc = ~0U;
	struct error err;

	if (!gpt_header(t, lba, h))
		return false;
	lba = bytes_le64(h + 72);
	t->entries = bytes_le32(h + 80);
	t->first = bytes_le64(h + 40);
	t->last = bytes_le64(h + 48);
	if (bytes_le32(h + 84) != GPT_ENTRY_BYTES || t->entries > GPT_ENTRIES_MAX ||
		lba >= t->disk->size_bytes / t->sector_bytes)
		return false;
	t->entries_off = lba * t->sector_bytes;
	for (uint32_t i = 0, n; i < t->entries; i += n) {
		n = t->entries - i < AT_ONCE ? t->entries - i : AT_ONCE;
		if (reader_read(t->disk, e, n * GPT_ENTRY_BYTES,
			    t->entries_off + (uint64_t)i * GPT_ENTRY_BYTES, &err))
			return false;
		crc = crc32_update(crc, e, n * GPT_ENTRY_BYTES);
	}
	return ~crc == bytes_le32(h + 88);
}

static bool gpt_read(const struct partition_query *w, struct partition *out)
{
	static const uint8_t unused[16];
	const struct partition_table *t = w->t;
	uint8_t e[GPT_ENTRY_BYTES];
	uint64_t start, end;
	struct error err;

	if (w->number > t->entries ||
		reader_read(t->disk, e, sizeof(e), t->entries_off + (uint64_t)(w->number - 1) * sizeof(e),
			&err) ||
		!memcmp(e, unused, sizeof(unused)))
		return false;
	start = bytes_le64(e + 32);
	end = bytes_le64(e + 40);
	if (start < t->first || end > t->last || start > end ||
		end >= t->disk->size_bytes / t->sector_bytes || !begins_there(w, start))
		return false;
	names_uuid(out->uuid, e + 16, true);
	names_utf16(out->label, sizeof(out->label), e + 56, GPT_NAME_UNITS);
	return true;
}

/* --- MBR --- */

static bool is_extended(uint8_t type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

static bool read_table(const struct partition_table *t, uint64_t sector, uint8_t mbr[static MBR_BYTES])
{
	struct error err;

	return !reader_read(t->disk, mbr, MBR_BYTES, sector * t->sector_bytes, &err) &&
	       bytes_le16(mbr + 510) == 0xaa55;
}

/* Partitions 5 and on: tables in a chain, each with one or two of its own and the place of the next. */
static bool logical_is_there(const struct partition_query *w, uint64_t first)
{
	uint64_t here = first, next;
	unsigned number = LOGICAL_FIRST;
	uint8_t mbr[MBR_BYTES];

	for (int tables = 0; tables < LOGICAL_MAX && read_table(w->t, here, mbr); tables++, here = next) {
		next = 0;
		for (const uint8_t *e = mbr + MBR_TABLE; e < mbr + 510; e += MBR_ENTRY_BYTES) {
			uint32_t start = bytes_le32(e + 8);

			if (!bytes_le32(e + 12))
				continue;
			if (is_extended(e[4]) && !next)
				next = first + start;
			if (!is_extended(e[4]) && number++ == w->number)
				return begins_there(w, here + start);
		}
		if (!next)
			break;
	}
	return false;
}

static bool mbr_has(const struct partition_query *w)
{
	const uint8_t *mbr = w->t->mbr;

	if (w->number < LOGICAL_FIRST) {
		const uint8_t *e = mbr + MBR_TABLE + (w->number - 1) * MBR_ENTRY_BYTES;

		return bytes_le32(e + 12) && begins_there(w, bytes_le32(e + 8));
	}
	for (const uint8_t *e = mbr + MBR_TABLE; e < mbr + 510; e += MBR_ENTRY_BYTES)
		if (is_extended(e[4]) && bytes_le32(e + 12))
			return logical_is_there(w, bytes_le32(e + 8));
	return false;
}

bool partition_open(const struct reader *disk, unsigned sector_bytes, struct partition_table *t)
{
	*t = (struct partition_table){.disk = disk, .sector_bytes = sector_bytes};
	if (sector_bytes < 512 || disk->size_bytes < 2 * (uint64_t)sector_bytes || !read_table(t, 0, t->mbr))
		return false;
	for (const uint8_t *e = t->mbr + MBR_TABLE; e < t->mbr + 510; e += MBR_ENTRY_BYTES) {
		if (*e & 0x7f)
			return false; /* code, not a table */
		if (e[4] == MBR_PROTECTIVE)
			return gpt_open(t, 1) || gpt_open(t, disk->size_bytes / sector_bytes - 1);
	}
	return bytes_le32(t->mbr + MBR_SIGNATURE);
}

bool partition_read(const struct partition_table *t, unsigned number, uint64_t start_sectors,
	struct partition *out)
{
	const struct partition_query w = {t, number, start_sectors};

	*out = (struct partition){.uuid = ""};
	if (!number)
		return false;
	if (t->entries_off)
		return gpt_read(&w, out);
	if (!mbr_has(&w))
		return false;
	text_format(out->uuid, sizeof(out->uuid), "%08x-%02x", bytes_le32(t->mbr + MBR_SIGNATURE), number);
	return true;
}
