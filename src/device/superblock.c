/* SPDX-License-Identifier: MIT */
/* superblock - see superblock.h. */
#include "device/superblock.h"
#include "base/bytes.h"
#include "base/text.h"
#include "device/fat.h"
#include "device/names.h"
#include <string.h>

/* What is read of each place where something can stand: its size. */
enum { READ_BYTES = 4096 };
/* LUKS (specification 2.1; LUKS1 has magic, version and UUID in the same places). */
enum { LUKS_BYTES = 512, LUKS_VERSION = 6, LUKS_LABEL = 24, LUKS_UUID = 168, LUKS_HDR_OFFSET = 256 };
enum { SECONDARY_MIN = 0x4000, SECONDARY_MAX = 0x400000 };

/*
 * One record for each format that has a mark and everything in fixed places. Offsets count from @base.
 * The UUID is 16 bytes; 0 as the place of UUID or label: there is none.
 */
struct format {
	char type[9];
	uint8_t mark_len;
	bool is_utf16; /* the label: @label_len is in units then */
	uint8_t base;  /* times READ_BYTES */
	uint16_t mark_off, uuid_off, label_off, label_len;
	char mark[8];
	/*
	 * Is it sane? May say the type more exactly and add what is elsewhere; may spoil @data. NULL: the
	 * mark is enough.
	 */
	bool (*finish)(const struct reader *r, uint8_t *data, struct superblock *out);
};

static bool power_of_two_within(uint32_t n, uint32_t min, uint32_t max)
{
	return n >= min && n <= max && !(n & (n - 1));
}

/* Source: fs/xfs/libxfs/xfs_format.h, struct xfs_dsb. */
static bool finish_xfs(const struct reader *r, uint8_t *data, struct superblock *out)
{
	(void)r, (void)out;
	return power_of_two_within(bytes_be32(data + 4), 512, 65536) &&
	       power_of_two_within(bytes_be16(data + 102), 512, 32768);
}

/* Source: fs/squashfs/squashfs_fs.h. Only version 4 is mounted. */
static bool finish_squashfs(const struct reader *r, uint8_t *data, struct superblock *out)
{
	(void)r, (void)out;
	return bytes_le16(data + 28) == 4 && bytes_le32(data + 12) == 1U << (bytes_le16(data + 22) & 31);
}

/* Source: Microsoft, exFAT file system specification. The label is an entry of the root directory. */
static bool finish_exfat(const struct reader *r, uint8_t *data, struct superblock *out)
{
	uint32_t heap = bytes_le32(data + 88), clusters = bytes_le32(data + 92),
		 root = bytes_le32(data + 96) - 2;
	unsigned sector_shift = data[108], cluster_shift = data[109] + sector_shift;
	size_t len = READ_BYTES;
	struct error err;

	if (sector_shift < 9 || sector_shift > 12 || cluster_shift > 25 || root >= clusters ||
		bytes_le16(data + 510) != 0xaa55)
		return false;
	names_serial(out->uuid, bytes_le32(data + 100));
	if (len > (size_t)1 << cluster_shift)
		len = (size_t)1 << cluster_shift;
	/* One that stands further behind is not looked for: who formats puts it first. */
	if (reader_read(r, data, len, ((uint64_t)heap << sector_shift) + ((uint64_t)root << cluster_shift),
		    &err))
		return true;
	for (uint8_t *e = data; e < data + len && *e; e += 32)
		if (*e == 0x83 && e[1] <= 15)
			names_utf16(out->label, sizeof(out->label), e + 2, e[1]);
	return true;
}

/* Source: fs/ext4/ext4.h. The type is what the least driver that mounts it is called. */
static bool finish_ext(const struct reader *r, uint8_t *data, struct superblock *out)
{
	enum {
		HAS_JOURNAL = 4,
		JOURNAL_DEVICE = 8,
		EXT2_INCOMPAT = 0x12,
		EXT3_INCOMPAT = 0x16,
		EXT3_RO_COMPAT = 7
	};
	const uint8_t *s = data + 1024;
	uint32_t compat = bytes_le32(s + 0x5c), incompat = bytes_le32(s + 0x60),
		 ro_compat = bytes_le32(s + 0x64);

	(void)r;
	if (!bytes_le32(s) || !bytes_le32(s + 4) || bytes_le32(s + 0x18) > 6 || (incompat & JOURNAL_DEVICE))
		return false;
	if ((incompat & ~(uint32_t)EXT3_INCOMPAT) || (ro_compat & ~(uint32_t)EXT3_RO_COMPAT))
		out->type = "ext4";
	else if (compat & HAS_JOURNAL)
		out->type = "ext3";
	else if (incompat & ~(uint32_t)EXT2_INCOMPAT)
		out->type = "ext4";
	return true;
}

/* Source: include/linux/f2fs_fs.h. */
static bool finish_f2fs(const struct reader *r, uint8_t *data, struct superblock *out)
{
	uint32_t log_block = bytes_le32(data + 1024 + 16);

	(void)r, (void)out;
	return log_block >= 12 && log_block <= 16;
}

/* Source: ECMA-119, 8.4. The UUID is a date: of the last change, or if that is not there of the creation. */
static bool finish_iso9660(const struct reader *r, uint8_t *data, struct superblock *out)
{
	char *to = out->uuid;

	(void)r;
	for (const uint8_t *date = data + 830; date >= data + 813 && !*out->uuid; date -= 17) {
		bool any = false;

		to = out->uuid;
		for (int i = 0; i < 16; i++) {
			if (i >= 4 && i % 2 == 0)
				*to++ = '-';
			*to++ = (char)date[i];
			any |= date[i] != '0';
			if (date[i] < '0' || date[i] > '9')
				any = false, i = 16;
		}
		*(any ? to : out->uuid) = 0;
	}
	return data[0] == 1;
}

/* Source: include/uapi/linux/btrfs_tree.h, struct btrfs_super_block. */
static bool finish_btrfs(const struct reader *r, uint8_t *data, struct superblock *out)
{
	(void)r, (void)out;
	return bytes_le64(data + 0x30) == 0x10000 && power_of_two_within(bytes_le32(data + 0x90), 512, 65536);
}

/*
 * Source: fs/ntfs3/ntfs.h. The label is the name in the fourth record of the table of files. With clusters
 * above 64 KiB, which are rare, it is not found.
 */
static bool finish_ntfs(const struct reader *r, uint8_t *data, struct superblock *out)
{
	enum { LOOK_BYTES = 1024, NAME = 0x60, HEAD_BYTES = 24 };
	uint64_t table = bytes_le64(data + 48) * (bytes_le16(data + 11) * data[13]);
	uint64_t record = 1 << (-data[64] & 15);
	uint32_t len, step;
	struct error err;

	text_format(out->uuid, sizeof(out->uuid), "%08x%08x", bytes_le32(data + 76), bytes_le32(data + 72));
	names_upper(out->uuid);
	if (reader_read(r, data, LOOK_BYTES, table + 3 * record, &err))
		return true;
	for (uint32_t at = bytes_le16(data + 20); at + HEAD_BYTES <= LOOK_BYTES; at += step) {
		step = bytes_le16(data + at + 4);
		len = bytes_le16(data + at + 16);
		if (bytes_le32(data + at) == NAME && at + HEAD_BYTES + len <= LOOK_BYTES)
			names_utf16(out->label, sizeof(out->label), data + at + HEAD_BYTES, len / 2);
		if (!step)
			break;
	}
	return true;
}

/* A dstring of 128 bytes: Latin-1, or UTF-16 with the high byte first. */
static void read_dstring(uint8_t *d, char *out, size_t size)
{
	uint8_t units[256] = {0};
	unsigned wide = *d == 16;

	for (unsigned i = 0; i + 1 < (d[127] & 127U); i++)
		units[wide ? i ^ 1 : 2 * i] = d[1 + i];
	names_utf16(out, size, units, 128);
}

/*
 * Sources: ECMA-167 (3/10), OSTA UDF 2.60. The UUID is the beginning of the volume set's name, where that is
 * hexadecimal.
 */
static bool finish_udf(const struct reader *r, uint8_t *data, struct superblock *out)
{
	enum {
		TAG_BYTES = 512,
		ANCHOR = 2,
		ANCHOR_BLOCK = 256,
		SET = 1,
		VOLUME = 6,
		TAGS = 16,
		UUID_CHARS = 16
	};
	uint64_t block = 512, off;
	struct error err;

	/* Where the anchor is tells the size of blocks; it tells where the descriptors are. */
	while (!reader_read(r, data, TAG_BYTES, block * ANCHOR_BLOCK, &err) && bytes_le16(data) != ANCHOR)
		block *= 2;
	if (bytes_le16(data) != ANCHOR || bytes_le32(data + 12) != ANCHOR_BLOCK)
		return false;
	off = bytes_le32(data + 20) * block;
	for (unsigned i = 0; i < TAGS && !reader_read(r, data, TAG_BYTES, off, &err); i++, off += block) {
		if (bytes_le16(data) == VOLUME)
			read_dstring(data + 84, out->label, sizeof(out->label));
		if (bytes_le16(data) == SET)
			read_dstring(data + 72, out->uuid, UUID_CHARS + 1);
	}
	for (char *c = out->uuid; *c; c++)
		*c |= ' ';
	if (strspn(out->uuid, "0123456789abcdef") != UUID_CHARS)
		*out->uuid = 0;
	return true;
}

static const struct format formats[] = {
	{"xfs", 4, false, 0, 0, 32, 108, 12, "XFSB", finish_xfs},
	{"squashfs", 4, false, 0, 0, 0, 0, 0, "hsqs", finish_squashfs},
	{"exfat", 8, false, 0, 3, 0, 0, 0, "EXFAT   ", finish_exfat},
	{"ntfs", 8, false, 0, 3, 0, 0, 0, "NTFS    ", finish_ntfs},
	{"ext2", 2, false, 0, 1080, 1128, 1144, 16, "\x53\xef", finish_ext},
	{"f2fs", 4, true, 0, 1024, 1132, 1148, 512, "\x10\x20\xf5\xf2", finish_f2fs},
	{"erofs", 4, false, 0, 1024, 1072, 1088, 16, "\xe2\xe1\xf5\xe0", NULL},
	/* Without names, which are in a tree and a sum. */
	{"hfsplus", 4, false, 0, 1024, 0, 0, 0, "H+\0\4", NULL},
	{"hfsplus", 4, false, 0, 1024, 0, 0, 0, "HX\0\5", NULL},
	{"bcachefs", 8, false, 1, 24, 56, 72, 32, "\xc6\x85\x73\xf6\x66\xce\x90\xa9", NULL},
	{"udf", 5, false, 8, 1, 0, 0, 0, "BEA01", finish_udf},
	{"iso9660", 5, false, 8, 1, 0, 40, 32, "CD001", finish_iso9660},
	{"btrfs", 8, false, 16, 64, 32, 0x12b, 256, "_BHRfS_M", finish_btrfs},
};

static void copy_text(char *to, size_t size, const uint8_t *from, size_t len)
{
	len = strnlen((const char *)from, len);
	if (len >= size)
		len = size - 1;
	memcpy(to, from, len);
	to[len] = 0;
	names_trim(to);
}

static bool read_format(const struct format *f, const struct reader *r, uint8_t data[static READ_BYTES],
	struct superblock *out)
{
	if (memcmp(data + f->mark_off, f->mark, f->mark_len))
		return false;
	out->type = f->type;
	if (f->uuid_off)
		names_uuid(out->uuid, data + f->uuid_off, false);
	if (f->label_off && f->is_utf16)
		names_utf16(out->label, sizeof(out->label), data + f->label_off, f->label_len);
	else if (f->label_off)
		copy_text(out->label, sizeof(out->label), data + f->label_off, f->label_len);
	if (!f->finish || f->finish(r, data, out))
		return true;
	*out = (struct superblock){.type = NULL};
	return false;
}

static bool read_vfat(const struct reader *r, struct superblock *out)
{
	struct fat fat;

	if (!fat_open(r, &fat))
		return false;
	out->type = "vfat";
	if (fat.serial)
		names_serial(out->uuid, fat.serial);
	if (!fat_root_label(&fat, out->label))
		memcpy(out->label, fat.label, sizeof(fat.label));
	return true;
}

/* As much as there is of READ_BYTES at @off, the rest zero. */
static bool read_place(const struct reader *r, uint8_t data[static READ_BYTES], uint64_t off)
{
	struct error err;
	size_t len = READ_BYTES;

	if (off >= r->size_bytes)
		return false;
	if (len > r->size_bytes - off)
		len = (size_t)(r->size_bytes - off);
	memset(data + len, 0, READ_BYTES - len);
	return !reader_read(r, data, len, off, &err);
}

static void read_luks_names(const uint8_t *h, char uuid[static SUPERBLOCK_UUID_BYTES], char *label,
	size_t label_size)
{
	copy_text(uuid, SUPERBLOCK_UUID_BYTES, h + LUKS_UUID, 40);
	text_sanitize(uuid);
	if (bytes_be16(h + LUKS_VERSION) == 2)
		copy_text(label, label_size, h + LUKS_LABEL, SUPERBLOCK_LUKS_LABEL_BYTES - 1);
}

/* A second LUKS2 header into @h. It knows where it stands: another one's, inside this device, does not count.
 */
static bool find_secondary(const struct reader *r, uint8_t h[static LUKS_BYTES])
{
	struct error err;

	for (uint64_t off = SECONDARY_MIN; off <= SECONDARY_MAX; off *= 2) {
		if (reader_read(r, h, LUKS_BYTES, off, &err))
			return false;
		if (!memcmp(h, "SKUL\xba\xbe\0\2", 8) && bytes_be64(h + LUKS_HDR_OFFSET) == off)
			return true;
	}
	return false;
}

bool superblock_read(const struct reader *r, struct superblock *out)
{
	uint8_t data[READ_BYTES];
	unsigned base = 0;
	bool readable = read_place(r, data, 0), found;

	*out = (struct superblock){.type = NULL};
	/* With the other magic it is to be found, and then refused with words: no boot waits for it. */
	if (readable && (!memcmp(data, "LUKS\xba\xbe", 6) || !memcmp(data, "LUKS\xde\xad\0\1", 8))) {
		out->type = "crypto_LUKS";
		read_luks_names(data, out->uuid, out->label, sizeof(out->label));
		return true;
	}
	found = readable && read_vfat(r, out);
	for (unsigned i = 0; readable && !found && i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (formats[i].base != base) {
			base = formats[i].base;
			readable = read_place(r, data, (uint64_t)base * READ_BYTES);
		}
		found = readable && read_format(&formats[i], r, data, out);
	}
	if (find_secondary(r, data)) {
		read_luks_names(data, out->lost_uuid, out->lost_label, sizeof(out->lost_label));
		if (!found) {
			out->type = "crypto_LUKS";
			memcpy(out->uuid, out->lost_uuid, sizeof(out->uuid));
			memcpy(out->label, out->lost_label, sizeof(out->lost_label));
			*out->lost_uuid = *out->lost_label = 0;
			found = true;
		}
	}
	return found;
}
