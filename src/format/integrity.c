/* SPDX-License-Identifier: MIT */
/* integrity - see integrity.h. */
#include "format/integrity.h"
#include "base/bytes.h"
#include <string.h>

enum {
	SUPERBLOCK_BYTES = 512,
	VERSION_OFF = 8,
	LOG2_INTERLEAVE_OFF = 9,
	TAG_BYTES_OFF = 10,
	JOURNAL_SECTIONS_OFF = 12,
	SECTORS_OFF = 16,
	FLAGS_OFF = 24,
	LOG2_BLOCK_OFF = 28,
	VERSION_MAX = 6,
	LOG2_BLOCK_MAX = 3,
	LOG2_INTERLEAVE_MIN = 3,
	LOG2_INTERLEAVE_MAX = 31,
	/* All others make the kernel write more than its journal, or belong to integrity of other kinds. */
	FLAG_FIXED_PADDING = 8,
	FLAG_FIXED_HMAC = 16,
};

enum cause integrity_size(const struct reader *data, const struct luks_segment *seg, uint64_t *size_bytes,
	struct error *err)
{
	uint8_t sb[SUPERBLOCK_BYTES];
	enum cause cause = reader_read(data, sb, sizeof(sb), seg->off, err);
	unsigned tag_bytes, log2_block;
	uint64_t sectors;
	uint32_t flags;

	if (cause)
		return cause;
	tag_bytes = bytes_le16(sb + TAG_BYTES_OFF);
	sectors = bytes_le64(sb + SECTORS_OFF);
	flags = bytes_le32(sb + FLAGS_OFF);
	log2_block = sb[LOG2_BLOCK_OFF];
	if (memcmp(sb, "integrt", 8) || !sb[VERSION_OFF] || !bytes_le32(sb + JOURNAL_SECTIONS_OFF) ||
		sb[LOG2_INTERLEAVE_OFF] < LOG2_INTERLEAVE_MIN ||
		sb[LOG2_INTERLEAVE_OFF] > LOG2_INTERLEAVE_MAX)
		return error_set(err, CAUSE_DAMAGED,
			"no integrity superblock at byte %llu: it was overwritten, or this is not the "
			"volume's data device",
			(unsigned long long)seg->off);
	if (sb[VERSION_OFF] > VERSION_MAX || flags & ~(uint32_t)(FLAG_FIXED_PADDING | FLAG_FIXED_HMAC))
		return error_set(err, CAUSE_UNSUPPORTED,
			"the integrity superblock has version %u and flags 0x%x; open it with cryptsetup",
			sb[VERSION_OFF], flags);
	*size_bytes = sectors * 512;
	if (tag_bytes != cipher_tag_bytes(seg->cipher) || log2_block > LOG2_BLOCK_MAX ||
		512u << log2_block != seg->sector_bytes || !sectors ||
		sectors > (data->size_bytes - seg->off) / 512 || *size_bytes % seg->sector_bytes ||
		(seg->size_bytes && seg->size_bytes != *size_bytes))
		return error_set(err, CAUSE_DAMAGED,
			"the integrity superblock at byte %llu does not fit header and device: tags of %u "
			"bytes, sectors of 512 << %u bytes, %llu * 512 bytes of data",
			(unsigned long long)seg->off, tag_bytes, log2_block, (unsigned long long)sectors);
	return CAUSE_OK;
}
