/* SPDX-License-Identifier: MIT */
/*
 * mark - see mark.h.
 *
 * The table has every type that libblkid (util-linux 2.41) gives the usage "raid" or a name that ends in "_member",
 * and bcache, VDO and dm-integrity, which it calls otherwise. Not in it: mpath_member, which is udev's word for a
 * device that multipathd claims and leaves no mark; filesystems over several devices (btrfs, bcachefs), below which
 * there is no LUKS.
 */
#include "device/mark.h"
#include "base/bytes.h"
#include "device/crc32.h"
#include <string.h>

enum { BLOCK_BYTES = 512, DEVICE_MIN_BYTES = 0x10000 };

/* @block is what stands at @off. */
typedef bool sane_fn(const struct reader *r, const uint8_t *block, uint64_t off);

struct row {
	const char *type, *version, *kind, *whole;
	bool of_disk;
	/* The block begins there: from byte 0, or negative from the end, which is rounded down to @align. */
	const int32_t *places;
	uint32_t place_count, align;
	uint16_t mark_off, mark_len;
	const char *mark;
	sane_fn *sane; /* NULL: the mark is long enough */
};

/* --- MD (drivers/md/md.c; include/uapi/linux/raid/md_p.h) --- */

/* The sum of the @len bytes at @off as words; the one at @sum_off, the checksum itself, counts as zero. */
static bool md_sum(const struct reader *r, uint64_t off, uint32_t len, uint32_t sum_off,
	uint32_t (*load)(const uint8_t *), uint32_t *out)
{
	uint8_t piece[BLOCK_BYTES];
	uint64_t sum = 0;
	struct error err;

	for (uint32_t at = 0; at < len; at += sizeof(piece)) {
		uint32_t n = len - at < sizeof(piece) ? len - at : (uint32_t)sizeof(piece);

		if (reader_read(r, piece, n, off + at, &err))
			return false;
		for (uint32_t i = 0; i + 4 <= n; i += 4)
			sum += at + i == sum_off ? 0 : load(piece + i);
		if (n % 4)
			sum += bytes_le16(piece + n - 2);
	}
	*out = (uint32_t)sum + (uint32_t)(sum >> 32);
	return true;
}

/* Of 32 bits the kernel compares 16. */
static uint32_t md_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* 0.90 is written in the byte order of the machine that made it. */
static bool sane_md_090(const struct reader *r, const uint8_t *b, uint64_t off)
{
	enum { SUPER_BYTES = 4096, MAJOR = 4, SIZE = 32, SUM = 152 };
	uint32_t (*load)(const uint8_t *) = *b == 0xa9 ? bytes_be32 : bytes_le32, sum;

	return !load(b + MAJOR) && (uint64_t)load(b + SIZE) << 10 <= off &&
	       md_sum(r, off, SUPER_BYTES, SUM, load, &sum) && md_fold(sum) == md_fold(load(b + SUM));
}

static bool sane_md_1(const struct reader *r, const uint8_t *b, uint64_t off)
{
	enum { MAJOR = 4, SUPER_OFFSET = 144, SUM = 216, MAX_DEV = 220, ROLES = 256, MAX_DEV_MAX = 1920 };
	uint32_t roles = bytes_le32(b + MAX_DEV), sum;

	return bytes_le32(b + MAJOR) == 1 && bytes_le64(b + SUPER_OFFSET) == off / 512 &&
	       roles <= MAX_DEV_MAX && md_sum(r, off, ROLES + 2 * roles, SUM, bytes_le32, &sum) &&
	       sum == bytes_le32(b + SUM);
}

/* --- RAIDs of firmware. Source: libblkid, dmraid's format handlers; SNIA, Common RAID DDF 2.0 --- */

static bool sane_ddf(const struct reader *r, const uint8_t *b, uint64_t off)
{
	enum { CRC = 4, PRIMARY_LBA = 96 };
	uint64_t lba = bytes_be64(b + PRIMARY_LBA);
	uint8_t copy[BLOCK_BYTES], first[4];
	struct error err;

	(void)off;
	memcpy(copy, b, sizeof(copy));
	memset(copy + CRC, 0xff, 4);
	return ~crc32_update(~0U, copy, sizeof(copy)) == bytes_be32(b + CRC) && lba < r->size_bytes / 512 &&
	       !reader_read(r, first, sizeof(first), lba * 512, &err) &&
	       (!lba || !memcmp(first, b, sizeof(first)));
}

static bool sane_via(const struct reader *r, const uint8_t *b, uint64_t off)
{
	uint8_t sum = 0;

	(void)r, (void)off;
	for (int i = 0; i < 50; i++)
		sum = (uint8_t)(sum + b[i]);
	return b[2] <= 2 && sum == b[50];
}

static uint16_t sum16(const uint8_t *b, unsigned len)
{
	uint16_t sum = 0;

	for (unsigned i = 0; i < len; i += 2)
		sum = (uint16_t)(sum + bytes_le16(b + i));
	return sum;
}

static bool sane_silicon(const struct reader *r, const uint8_t *b, uint64_t off)
{
	enum { DISK = 0x116, SUM = 0x13e };

	(void)r, (void)off;
	return b[DISK] < 8 && !(uint16_t)(sum16(b, SUM) + bytes_le16(b + SUM));
}

static bool sane_nvidia(const struct reader *r, const uint8_t *b, uint64_t off)
{
	enum { SIZE = 8, WORDS = 30 };
	uint32_t sum = 0;

	(void)r, (void)off;
	for (int i = 0; i < WORDS; i++)
		sum += bytes_le32(b + 4 * i);
	return bytes_le32(b + SIZE) == WORDS && !sum;
}

static bool sane_adaptec(const struct reader *r, const uint8_t *b, uint64_t off)
{
	(void)r, (void)off;
	return !memcmp(b + 256, "DPTM", 4);
}

static bool sane_jmicron(const struct reader *r, const uint8_t *b, uint64_t off)
{
	(void)r, (void)off;
	return sum16(b, 128) <= 1 && b[0x30] <= 5;
}

/* --- others --- */

/* Source: drbd, drbd_int.h: 0x8374026b, ..6c (unclean) and ..6d (version 9); one bit of the map is for 4096 bytes. */
static bool sane_drbd(const struct reader *r, const uint8_t *b, uint64_t off)
{
	(void)r, (void)off;
	return b[63] >= 0x6b && b[63] <= 0x6d && bytes_be32(b + 80) == 4096;
}

/* Source: lvm2, lib/format_text/layout.h. */
static bool sane_lvm2(const struct reader *r, const uint8_t *b, uint64_t off)
{
	(void)r;
	return !memcmp(b + 24, "LVM2 001", 8) && bytes_le64(b + 8) == off / 512 &&
	       crc32_update(0xf597a6cf, b + 20, BLOCK_BYTES - 20) == bytes_le32(b + 16);
}

/* Source: include/uapi/linux/bcache.h. */
static bool sane_bcache(const struct reader *r, const uint8_t *b, uint64_t off)
{
	(void)r;
	return bytes_le64(b + 8) == off / 512;
}

/* A list of names and values as XDR, in which the version comes first. Source: openzfs, vdev_label.c, nvpair.c. */
static bool sane_zfs(const struct reader *r, const uint8_t *b, uint64_t off)
{
	static const uint8_t head[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

	(void)r, (void)off;
	return b[0] == 1 && b[1] <= 1 && !memcmp(b + 2, head, sizeof(head));
}

static bool sane_vmfs(const struct reader *r, const uint8_t *b, uint64_t off)
{
	(void)r, (void)off;
	return bytes_le32(b + 4) < 256;
}

#define AT(...) (const int32_t[]){__VA_ARGS__}, sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t)
#define SECTORS(n) (-(n)*512)
#define BIOS "a firmware RAID", "array", true
#define MD "an MD RAID", "array", false

/* Where @places are from the end, the whole may begin where the device begins. */
static const struct row rows[] = {
	{"linux_raid_member", "0.90", MD, AT(-0x10000), 0x10000, 0, 4, "\xfc\x4e\x2b\xa9", sane_md_090},
	{"linux_raid_member", "0.90", MD, AT(-0x10000), 0x10000, 0, 4, "\xa9\x2b\x4e\xfc", sane_md_090},
	{"linux_raid_member", "1.0", MD, AT(-0x2000), 4096, 0, 4, "\xfc\x4e\x2b\xa9", sane_md_1},
	{"linux_raid_member", "1.1", MD, AT(0), 1, 0, 4, "\xfc\x4e\x2b\xa9", sane_md_1},
	{"linux_raid_member", "1.2", MD, AT(4096), 1, 0, 4, "\xfc\x4e\x2b\xa9", sane_md_1},
	{"ddf_raid_member", "", BIOS, AT(SECTORS(1), SECTORS(257)), 512, 0, 4, "\xde\x11\xde\x11", sane_ddf},
	/* The last sector but one, of 512 or of 4096 bytes. */
	{"isw_raid_member", "", BIOS, AT(SECTORS(2), -8192), 512, 0, 24, "Intel Raid ISM Cfg Sig. ", NULL},
	{"lsi_mega_raid_member", "", BIOS, AT(SECTORS(1)), 512, 0, 6, "$XIDE$", NULL},
	{"via_raid_member", "", BIOS, AT(SECTORS(1)), 512, 0, 2, "\x55\xaa", sane_via},
	{"silicon_medley_raid_member", "", BIOS, AT(SECTORS(1)), 512, 0x60, 4, "\0\0\0\x2f", sane_silicon},
	{"nvidia_raid_member", "", BIOS, AT(SECTORS(2)), 512, 0, 8, "NVIDIA  ", sane_nvidia},
	{"promise_fasttrack_raid_member", "", BIOS,
		AT(SECTORS(63), SECTORS(255), SECTORS(256), SECTORS(16), SECTORS(399), SECTORS(591),
			SECTORS(675), SECTORS(735), SECTORS(911), SECTORS(974), SECTORS(991), SECTORS(951),
			SECTORS(3087)),
		512, 0, 24, "Promise Technology, Inc.", NULL},
	{"hpt45x_raid_member", "", BIOS, AT(SECTORS(11)), 512, 0, 4, "\xf3\x16\x78\x5a", NULL},
	{"hpt45x_raid_member", "", BIOS, AT(SECTORS(11)), 512, 0, 4, "\xfd\x16\x78\x5a", NULL},
	{"hpt37x_raid_member", "", BIOS, AT(9 * 512), 1, 32, 4, "\xf0\x16\x78\x5a", NULL},
	{"hpt37x_raid_member", "", BIOS, AT(9 * 512), 1, 32, 4, "\xfd\x16\x78\x5a", NULL},
	{"adaptec_raid_member", "", BIOS, AT(SECTORS(1)), 512, 0, 4, "\x37\xfc\x4d\x1e", sane_adaptec},
	{"jmicron_raid_member", "", BIOS, AT(SECTORS(1)), 512, 0, 2, "JM", sane_jmicron},
	{"drbd", "", "a DRBD", "device", false, AT(-4096), 4096, 60, 3, "\x83\x74\x02", sane_drbd},
	{"LVM2_member", "", "an LVM", "volume group", false, AT(0, 512, 1024, 1536), 1, 0, 8, "LABELONE",
		sane_lvm2},
	{"LVM1_member", "", "an LVM", "volume group", false, AT(0), 1, 0, 4, "HM\1\0", NULL},
	{"LVM1_member", "", "an LVM", "volume group", false, AT(0), 1, 0, 4, "HM\2\0", NULL},
	{"bcache", "", "a bcache", "device", false, AT(4096), 1, 24, 16,
		"\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81", sane_bcache},
	/*
	 * The two labels at the beginning. Those at the end alone are left over: luksFormat writes over the first two
	 * and not over them, and blkid calls such a device LUKS.
	 */
	{"zfs_member", "", "a ZFS", "pool", false, AT(0x4000, 0x44000), 1, 20, 12, "\0\0\0\7version",
		sane_zfs},
	{"stratis", "", "a Stratis", "pool", false, AT(512, 4608), 1, 4, 16, "!Stra0tis\x86\xff\x02^\x41rh",
		NULL},
	{"VMFS_volume_member", "", "a VMFS", "volume", false, AT(1 << 20), 1, 0, 4, "\x0d\xd0\x01\xc0",
		sane_vmfs},
	{"ubi", "", "a UBI", "device", false, AT(0), 1, 0, 5, "UBI#\1", NULL},
	{"vdo", "", "a VDO", "volume", false, AT(0), 1, 0, 8, "dmvdo001", NULL},
	{"DM_integrity", "", "a dm-integrity", "device", false, AT(0), 1, 0, 8, "integrt\0", NULL},
};

static bool stands_at(const struct row *w, const struct reader *r, int32_t place, uint64_t *off)
{
	uint64_t end = r->size_bytes / w->align * w->align;
	uint8_t block[BLOCK_BYTES];
	struct error err;

	if (place < 0 && end < (uint64_t)-place)
		return false;
	*off = place < 0 ? end - (uint64_t)-place : (uint64_t)place;
	return !reader_read(r, block, sizeof(block), *off, &err) &&
	       !memcmp(block + w->mark_off, w->mark, w->mark_len) && (!w->sane || w->sane(r, block, *off));
}

bool mark_next(const struct reader *r, unsigned *row, struct mark *out)
{
	*out = (struct mark){.type = NULL};
	while (r->size_bytes >= DEVICE_MIN_BYTES && *row < sizeof(rows) / sizeof(*rows)) {
		const struct row *w = &rows[(*row)++];

		for (unsigned i = 0; i < w->place_count; i++) {
			uint64_t off;

			if (!stands_at(w, r, w->places[i], &off))
				continue;
			*out = (struct mark){w->type, w->version, w->kind, w->whole, off, w->of_disk,
				w->places[i] < 0};
			return true;
		}
	}
	return false;
}
