/* SPDX-License-Identifier: MIT */
/* Any partition table, with checksums made right, to ids: sectors of 512 or 4096 bytes by the first byte. */
#include "device/partition.h"
#include "fuzz_pieces.h"

static uint32_t crc32(const uint8_t *data, size_t len)
{
	uint32_t crc = ~0U;

	while (len--) {
		crc ^= *data++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
	}
	return ~crc;
}

static uint64_t number(const uint8_t *p, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++, v >>= 8)
		p[i] = (uint8_t)v;
}

/* The sums of the header at @off, where that is possible. */
static void seal(size_t off, unsigned sector)
{
	uint64_t lba, count;

	if (off + 512 > pieces_size || memcmp(pieces + off, "EFI PART", 8))
		return;
	lba = number(pieces + off + 72, 8);
	count = number(pieces + off + 80, 4);
	if (lba < PIECES_BYTES / sector && count <= 4096 && count * 128 <= PIECES_BYTES - lba * sector)
		put32(pieces + off + 88, crc32(pieces + lba * sector, count * 128));
	put32(pieces + off + 16, 0);
	if (number(pieces + off + 12, 4) <= 512)
		put32(pieces + off + 16, crc32(pieces + off, number(pieces + off + 12, 4)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	unsigned how = fuzz_byte(&in), sector = how & 1 ? 4096 : 512;
	struct reader r = pieces_put(in, false);
	struct partition_table t;
	struct partition p;
	bool table;

	if (how & 2)
		seal(sector, sector);
	table = partition_open(&r, sector, &t);
	for (unsigned i = 0; table && i < 140; i += i < 8 ? 1 : 33) {
		bool known = partition_read(&t, i, how & 4 ? i * 8 : UINT64_MAX, &p);

		fuzz_check(known || (!*p.uuid && !*p.label), "no partition has a name");
		fuzz_check(memchr(p.uuid, 0, sizeof(p.uuid)) && memchr(p.label, 0, sizeof(p.label)),
			"a text without an end");
		fuzz_check(!known || i, "there is a partition 0");
		fuzz_check_printable(p.uuid);
	}
	memset(pieces + sector, 0, 512);
	(void)pieces_put(in, true);
	return 0;
}
