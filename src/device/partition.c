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

enum { MBR_BYTES = 512, MBR_SIGNATURE = 440, MBR_TABLE = 446, MBR_ENTRY_BYTES = 16, MBR_PROTECTIVE = 0xee };
enum { GPT_HEADER_BYTES = 92, GPT_ENTRY_BYTES = 128, GPT_ENTRIES_MAX = 4096, GPT_NAME_UNITS = 36 };
enum { LOGICAL_FIRST = 5, LOGICAL_MAX = 100 };

/* The disk, and the partition that is asked for. */
struct wanted {
	const struct reader *disk;
	unsigned sector_bytes, number;
	uint64_t start_sectors;
};

/* Does the partition that begins at logical sector @start begin where it should? */
static bool begins_there(const struct wanted *w, uint64_t start)
{
	return w->start_sectors == UINT64_MAX || start * (w->sector_bytes / 512) == w->start_sectors;
}

/* --- GPT (UEFI specification 2.10, 5.3) --- */

/* The header at logical sector @lba, if one was written for that place. */
static bool gpt_header(const struct wanted *w, uint64_t lba, uint8_t h[static MBR_BYTES])
{
	struct error err;
	uint32_t size, sum;

	if (reader_read(w->disk, h, MBR_BYTES, lba * w->sector_bytes, &err) || memcmp(h, "EFI PART", 8))
		return false;
	size = bytes_le32(h + 12);
	sum = bytes_le32(h + 16);
	memset(h + 16, 0, 4);
	return size >= GPT_HEADER_BYTES && size <= MBR_BYTES && ~crc32_update(~0U, h, size) == sum &&
	       bytes_le64(h + 24) == lba;
}

/* Entry @number into @entry, if all of them are as they were written. */
static bool gpt_entry(const struct wanted *w, const uint8_t *h, uint8_t entry[static GPT_ENTRY_BYTES])
{
	uint64_t lba = bytes_le64(h + 72);
	uint32_t count = bytes_le32(h + 80), crc = ~0U;
	struct error err;

	if (bytes_le32(h + 84) != GPT_ENTRY_BYTES || count > GPT_ENTRIES_MAX || w->number > count ||
		lba >= w->disk->size_bytes / w->sector_bytes)
		return false;
	for (uint32_t i = 1; i <= count; i++) {
		uint8_t e[GPT_ENTRY_BYTES];

		if (reader_read(w->disk, e, sizeof(e), lba * w->sector_bytes + (uint64_t)(i - 1) * sizeof(e),
			    &err))
			return false;
		crc = crc32_update(crc, e, sizeof(e));
		if (i == w->number)
			memcpy(entry, e, sizeof(e));
	}
	return ~crc == bytes_le32(h + 88);
}

static bool gpt_read(const struct wanted *w, uint64_t lba, struct partition *out)
{
	static const uint8_t unused[16];
	uint8_t h[MBR_BYTES], e[GPT_ENTRY_BYTES];
	uint64_t start, end;

	if (!gpt_header(w, lba, h) || !gpt_entry(w, h, e) || !memcmp(e, unused, sizeof(unused)))
		return false;
	start = bytes_le64(e + 32);
	end = bytes_le64(e + 40);
	if (start < bytes_le64(h + 40) || end > bytes_le64(h + 48) || start > end ||
		end >= w->disk->size_bytes / w->sector_bytes || !begins_there(w, start))
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

static bool read_table(const struct wanted *w, uint64_t sector, uint8_t mbr[static MBR_BYTES])
{
	struct error err;

	return !reader_read(w->disk, mbr, MBR_BYTES, sector * w->sector_bytes, &err) &&
	       bytes_le16(mbr + 510) == 0xaa55;
}

/* Partitions 5 and on: tables in a chain, each with one or two of its own and the place of the next. */
static bool logical_is_there(const struct wanted *w, uint64_t first)
{
	uint64_t here = first, next;
	unsigned number = LOGICAL_FIRST;
	uint8_t mbr[MBR_BYTES];

	for (int tables = 0; tables < LOGICAL_MAX && read_table(w, here, mbr); tables++, here = next) {
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

static bool mbr_has(const struct wanted *w, const uint8_t *mbr)
{
	if (w->number < LOGICAL_FIRST) {
		const uint8_t *e = mbr + MBR_TABLE + (w->number - 1) * MBR_ENTRY_BYTES;

		return bytes_le32(e + 12) && begins_there(w, bytes_le32(e + 8));
	}
	for (const uint8_t *e = mbr + MBR_TABLE; e < mbr + 510; e += MBR_ENTRY_BYTES)
		if (is_extended(e[4]) && bytes_le32(e + 12))
			return logical_is_there(w, bytes_le32(e + 8));
	return false;
}

bool partition_read(const struct reader *disk, unsigned sector_bytes, unsigned number, uint64_t start_sectors,
	struct partition *out)
{
	struct wanted w = {disk, sector_bytes, number, start_sectors};
	uint8_t mbr[MBR_BYTES];

	*out = (struct partition){.uuid = ""};
	if (!number || sector_bytes < 512 || disk->size_bytes < 2 * (uint64_t)sector_bytes ||
		!read_table(&w, 0, mbr))
		return false;
	for (const uint8_t *e = mbr + MBR_TABLE; e < mbr + 510; e += MBR_ENTRY_BYTES) {
		if (*e & 0x7f)
			return false; /* code, not a table */
		if (e[4] == MBR_PROTECTIVE)
			return gpt_read(&w, 1, out) || gpt_read(&w, disk->size_bytes / sector_bytes - 1, out);
	}
	if (!bytes_le32(mbr + MBR_SIGNATURE) || !mbr_has(&w, mbr))
		return false;
	text_format(out->uuid, sizeof(out->uuid), "%08x-%02x", bytes_le32(mbr + MBR_SIGNATURE), number);
	return true;
}
