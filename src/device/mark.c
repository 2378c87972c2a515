/* SPDX-License-Identifier: MIT */
/*
 * mark - see mark.h.
 *
 * The table has every type that libblkid (util-linux 2.41) gives the usage "raid" or a name that ends in
 * "_member", and bcache and VDO, which it calls otherwise. Not in it: mpath_member, which is udev's word for
 * a device that multipathd claims and leaves no mark; dm-integrity, whose mark is at byte 0, as that of LUKS;
 * filesystems over several devices (btrfs, bcachefs), below which there is no LUKS.
 *
 * Most places are in two windows, each read at once: a disk answers two long reads sooner than forty short
 * ones.
 */
#include "device/mark.h"
#include "base/bytes.h"
#include "device/crc32.h"
#include <string.h>

enum {
	SECTOR_BYTES = 512,
	DEVICE_MIN_BYTES = 0x10000,
	START_BYTES = 20 << 10,
	END_BYTES = 258 * SECTOR_BYTES, /* DDF: 257 sectors and a part of one; MD 0.90: less than 128 KiB */
	BAD_READS = 3 /* each may take a failing disk a minute: then its end is left alone */
};

/* --- what is read --- */

static struct {
	uint8_t bytes[END_BYTES];
	uint64_t off;
	size_t len;            /* 0: nothing */
	unsigned bad_reads[2]; /* at the start, behind it */
	uint64_t bad_off;      /* of the last place that cannot be read */
} window;

static bool load(const struct reader *r, uint64_t off, size_t len, unsigned *bad_reads)
{
	struct error err;

	window.off = off;
	window.len = reader_read(r, window.bytes, len, off, &err) ? 0 : len;
	*bad_reads += !window.len;
	return window.len;
}

/* The @len bytes at @off, until the next call. NULL: they are not there or cannot be read. */
static const uint8_t *look(const struct reader *r, uint64_t off, size_t len)
{
	uint64_t size = r->size_bytes, end = size < END_BYTES ? 0 : size - END_BYTES;
	bool at_start = off + len <= START_BYTES;
	unsigned *bad = &window.bad_reads[!at_start];

	if (!bytes_inside(off, len, 0, size))
		return NULL;
	if (bytes_inside(off, len, window.off, window.off + window.len))
		return window.bytes + (off - window.off);
	if (!*bad && at_start && load(r, 0, START_BYTES, bad))
		return window.bytes + off;
	if (!*bad && !at_start && off >= end && load(r, end, (size_t)(size - end), bad))
		return window.bytes + (off - window.off);
	/* Beside a bad sector the others still count; two rows may ask for it. */
	if (*bad >= BAD_READS || off == window.bad_off)
		return NULL;
	if (load(r, off, len, bad))
		return window.bytes;
	window.bad_off = off;
	return NULL;
}

/* --- the marks --- */

enum whole { BIOS, MD, DRBD, LVM, BCACHE, ZFS, STRATIS, VMFS, UBI, VDO };

static const struct {
	const char *kind, *whole;
} wholes[] = {
	[BIOS] = {"a firmware RAID", "array"},
	[MD] = {"an MD RAID", "array"},
	[DRBD] = {"a DRBD", "device"},
	[LVM] = {"an LVM", "volume group"},
	[BCACHE] = {"a bcache", "device"},
	[ZFS] = {"a ZFS", "pool"},
	[STRATIS] = {"a Stratis", "pool"},
	[VMFS] = {"a VMFS", "volume"},
	[UBI] = {"a UBI", "device"},
	[VDO] = {"a VDO", "volume"},
};

/* What must hold besides the mark; ENOUGH: the mark is long enough. */
enum check {
	ENOUGH,
	IS_MD_090,
	IS_MD_1,
	IS_DDF,
	IS_VIA,
	IS_SILICON,
	IS_NVIDIA,
	IS_ADAPTEC,
	IS_JMICRON,
	IS_DRBD,
	IS_LVM2,
	IS_BCACHE,
	IS_ZFS,
	IS_VMFS
};

static const char versions[][5] = {"", "0.90", "1.0", "1.1", "1.2"};

struct mark_row {
	const char *type;
	uint8_t version, whole, check; /* of versions[]; enum whole, enum check */
	uint8_t align;                 /* in sectors: to a multiple of it the device's end is rounded down */
	int16_t place;                 /* in sectors, from byte 0, or negative from the end */
	uint8_t mark_off, mark_len;    /* in the block there */
	uint8_t mark[8];               /* or its beginning: 64 bits are enough. Without a NUL */
};

/*
 * Those from the end first: a window is read once. Before those the whole may begin where the device begins.
 */
static const struct mark_row rows[] = {
	{"linux_raid_member", 1, MD, IS_MD_090, 128, -128, 0, 4, "\xfc\x4e\x2b\xa9"},
	{"linux_raid_member", 1, MD, IS_MD_090, 128, -128, 0, 4, "\xa9\x2b\x4e\xfc"},
	{"linux_raid_member", 2, MD, IS_MD_1, 8, -16, 0, 4, "\xfc\x4e\x2b\xa9"},
	{"ddf_raid_member", 0, BIOS, IS_DDF, 1, -1, 0, 4, "\xde\x11\xde\x11"},
	{"ddf_raid_member", 0, BIOS, IS_DDF, 1, -257, 0, 4, "\xde\x11\xde\x11"},
	/* The last sector but one, of 512 or of 4096 bytes. */
	{"isw_raid_member", 0, BIOS, ENOUGH, 1, -2, 0, 8, "Intel Ra"},
	{"isw_raid_member", 0, BIOS, ENOUGH, 1, -16, 0, 8, "Intel Ra"},
	{"lsi_mega_raid_member", 0, BIOS, ENOUGH, 1, -1, 0, 6, "$XIDE$"},
	{"via_raid_member", 0, BIOS, IS_VIA, 1, -1, 0, 2, "\x55\xaa"},
	{"silicon_medley_raid_member", 0, BIOS, IS_SILICON, 1, -1, 0x60, 4, "\0\0\0\x2f"},
	{"nvidia_raid_member", 0, BIOS, IS_NVIDIA, 1, -2, 0, 8, "NVIDIA  "},
	/*
	 * blkid looks in nine more, up to 3087 sectors from the end, for controllers that are not made any
	 * more.
	 */
	{"promise_fasttrack_raid_member", 0, BIOS, ENOUGH, 1, -16, 0, 8, "Promise "},
	{"promise_fasttrack_raid_member", 0, BIOS, ENOUGH, 1, -63, 0, 8, "Promise "},
	{"promise_fasttrack_raid_member", 0, BIOS, ENOUGH, 1, -255, 0, 8, "Promise "},
	{"promise_fasttrack_raid_member", 0, BIOS, ENOUGH, 1, -256, 0, 8, "Promise "},
	{"hpt45x_raid_member", 0, BIOS, ENOUGH, 1, -11, 0, 4, "\xf3\x16\x78\x5a"},
	{"hpt45x_raid_member", 0, BIOS, ENOUGH, 1, -11, 0, 4, "\xfd\x16\x78\x5a"},
	{"adaptec_raid_member", 0, BIOS, IS_ADAPTEC, 1, -1, 0, 4, "\x37\xfc\x4d\x1e"},
	{"jmicron_raid_member", 0, BIOS, IS_JMICRON, 1, -1, 0, 2, "JM"},
	{"drbd", 0, DRBD, IS_DRBD, 8, -8, 60, 3, "\x83\x74\x02"},
	{"linux_raid_member", 3, MD, IS_MD_1, 1, 0, 0, 4, "\xfc\x4e\x2b\xa9"},
	{"linux_raid_member", 4, MD, IS_MD_1, 1, 8, 0, 4, "\xfc\x4e\x2b\xa9"},
	{"hpt37x_raid_member", 0, BIOS, ENOUGH, 1, 9, 32, 4, "\xf0\x16\x78\x5a"},
	{"hpt37x_raid_member", 0, BIOS, ENOUGH, 1, 9, 32, 4, "\xfd\x16\x78\x5a"},
	{"LVM2_member", 0, LVM, IS_LVM2, 1, 0, 0, 8, "LABELONE"},
	{"LVM2_member", 0, LVM, IS_LVM2, 1, 1, 0, 8, "LABELONE"},
	{"LVM2_member", 0, LVM, IS_LVM2, 1, 2, 0, 8, "LABELONE"},
	{"LVM2_member", 0, LVM, IS_LVM2, 1, 3, 0, 8, "LABELONE"},
	{"LVM1_member", 0, LVM, ENOUGH, 1, 0, 0, 4, "HM\1\0"},
	{"LVM1_member", 0, LVM, ENOUGH, 1, 0, 0, 4, "HM\2\0"},
	{"bcache", 0, BCACHE, IS_BCACHE, 1, 8, 24, 8, "\xc6\x85\x73\xf6\x4e\x1a\x45\xca"},
	/*
	 * Of four labels the first. What stands in another one alone is left over: luksFormat and zpool
	 * create write over the first.
	 */
	{"zfs_member", 0, ZFS, IS_ZFS, 1, 32, 20, 8, "\0\0\0\7vers"},
	{"stratis", 0, STRATIS, ENOUGH, 1, 1, 4, 8, "!Stra0ti"},
	{"stratis", 0, STRATIS, ENOUGH, 1, 9, 4, 8, "!Stra0ti"},
	{"ubi", 0, UBI, ENOUGH, 1, 0, 0, 5, "UBI#\1"},
	{"vdo", 0, VDO, ENOUGH, 1, 0, 0, 8, "dmvdo001"},
	{"VMFS_volume_member", 0, VMFS, IS_VMFS, 1, 2048, 0, 4, "\x0d\xd0\x01\xc0"},
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

/* --- the checks --- */

/* The @len bytes at @b as words of @width bytes, which @len need not be a multiple of. */
static uint64_t sum(const uint8_t *b, size_t len, unsigned width, bool big_endian)
{
	uint64_t total = 0;

	for (size_t i = 0; b && i < len; i++)
		total += (uint64_t)b[i] << 8 * (big_endian ? width - 1 - i % width : i % width);
	return total;
}

/* Of MD: the checksum @own counts as zero in the @len bytes at @off; the carries are added. */
static uint32_t md_sum(const struct reader *r, uint64_t off, size_t len, uint32_t own, bool big_endian)
{
	uint64_t total = sum(look(r, off, len), len, 4, big_endian) - own;

	return (uint32_t)total + (uint32_t)(total >> 32);
}

/* Of 32 bits the kernel compares 16. */
static uint32_t md_fold(uint32_t v)
{
	v = (v & 0xffff) + (v >> 16);
	return (v & 0xffff) + (v >> 16);
}

/* Source: include/uapi/linux/raid/md_p.h, drivers/md/md.c. In the byte order of the machine that made it. */
static bool is_md_090(const struct reader *r, const uint8_t *b, uint64_t off)
{
	enum { SUPER_BYTES = 4096, MAJOR = 4, SIZE = 32, SUM = 152 };
	bool big = *b == 0xa9;
	uint32_t (*word)(const uint8_t *) = big ? bytes_be32 : bytes_le32, own = word(b + SUM);

	return !word(b + MAJOR) && (uint64_t)word(b + SIZE) << 10 <= off &&
	       md_fold(md_sum(r, off, SUPER_BYTES, own, big)) == md_fold(own);
}

static bool is_md_1(const struct reader *r, const uint8_t *b, uint64_t off)
{
	enum { MAJOR = 4, SUPER_OFFSET = 144, SUM = 216, MAX_DEV = 220, ROLES = 256, MAX_DEV_MAX = 1920 };
	uint32_t roles = bytes_le32(b + MAX_DEV), own = bytes_le32(b + SUM);

	return bytes_le32(b + MAJOR) == 1 && bytes_le64(b + SUPER_OFFSET) == off / SECTOR_BYTES &&
	       roles <= MAX_DEV_MAX && md_sum(r, off, ROLES + 2 * roles, own, false) == own;
}

/* Source: SNIA, Common RAID DDF 2.0. */
static bool is_ddf(const struct reader *r, const uint8_t *b)
{
	enum { CRC = 4, PRIMARY_LBA = 96 };
	static const uint8_t ones[] = {0xff, 0xff, 0xff, 0xff};
	uint64_t lba = bytes_be64(b + PRIMARY_LBA);
	uint32_t crc = crc32_update(crc32_update(~0U, b, CRC), ones, sizeof(ones));
	uint8_t first[4];
	struct error err;

	return ~crc32_update(crc, b + CRC + 4, SECTOR_BYTES - CRC - 4) == bytes_be32(b + CRC) &&
	       lba < r->size_bytes / SECTOR_BYTES &&
	       !reader_read(r, first, sizeof(first), lba * SECTOR_BYTES, &err) &&
	       (!lba || !memcmp(first, b, sizeof(first)));
}

/*
 * Sources: libblkid and dmraid's format handlers (RAIDs of firmware); drbd, drbd_int.h (0x8374026b, ..6c
 * unclean and ..6d version 9; one bit of the map is for 4096 bytes); lvm2, lib/format_text/layout.h;
 * include/uapi/linux/bcache.h; openzfs, vdev_label.c and nvpair.c (names and values as XDR, the version
 * first).
 */
static bool holds(enum check check, const struct reader *r, const uint8_t *b, uint64_t off)
{
	switch (check) {
	case ENOUGH:
		return true;
	case IS_MD_090:
		return is_md_090(r, b, off);
	case IS_MD_1:
		return is_md_1(r, b, off);
	case IS_DDF:
		return is_ddf(r, b);
	case IS_VIA:
		return b[2] <= 2 && (sum(b, 50, 1, false) & 0xff) == b[50];
	case IS_SILICON:
		return b[0x116] < 8 && !(sum(b, 0x140, 2, false) & 0xffff);
	case IS_NVIDIA:
		return bytes_le32(b + 8) == 30 && !(uint32_t)sum(b, 30 * 4, 4, false);
	case IS_ADAPTEC:
		return !memcmp(b + 256, "DPTM", 4);
	case IS_JMICRON:
		return (sum(b, 128, 2, false) & 0xffff) <= 1 && b[0x30] <= 5;
	case IS_DRBD:
		return b[63] >= 0x6b && b[63] <= 0x6d && bytes_be32(b + 80) == 4096;
	case IS_LVM2:
		return !memcmp(b + 24, "LVM2 001", 8) && bytes_le64(b + 8) == off / SECTOR_BYTES &&
		       crc32_update(0xf597a6cf, b + 20, SECTOR_BYTES - 20) == bytes_le32(b + 16);
	case IS_BCACHE:
		return bytes_le64(b + 8) == off / SECTOR_BYTES;
	case IS_ZFS:
		return b[0] == 1 && b[1] <= 1 && !memcmp(b + 2, "\0\0\0\0\0\0\0\0\0\1", 10);
	case IS_VMFS:
		return bytes_le32(b + 4) < 256;
	}
	return false;
}

static bool stands_at(const struct mark_row *w, const struct reader *r, uint64_t *off)
{
	uint64_t align = (uint64_t)w->align * SECTOR_BYTES, end = r->size_bytes / align * align;
	const uint8_t *block;

	*off = (w->place < 0 ? end : 0) + (uint64_t)(int64_t)w->place * SECTOR_BYTES;
	block = look(r, *off, SECTOR_BYTES);
	return block && !memcmp(block + w->mark_off, w->mark, w->mark_len) && holds(w->check, r, block, *off);
}

bool mark_next(const struct reader *r, unsigned *row, struct mark *out)
{
	*out = (struct mark){.type = NULL};
	window.bad_off = UINT64_MAX;
	window.len = window.bad_reads[0] = window.bad_reads[1] = 0;
	while (r->size_bytes >= DEVICE_MIN_BYTES && *row < ROWS) {
		const struct mark_row *w = &rows[(*row)++];
		uint64_t off;

		if (!stands_at(w, r, &off))
			continue;
		/* Another place of the same is no mark of its own. */
		while (*row < ROWS && !strcmp(rows[*row].type, w->type) && rows[*row].version == w->version)
			++*row;
		*out = (struct mark){w->type, versions[w->version], wholes[w->whole].kind,
			wholes[w->whole].whole, off, w->whole == BIOS, w->place < 0};
		return true;
	}
	return false;
}
