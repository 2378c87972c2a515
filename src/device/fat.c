/* SPDX-License-Identifier: MIT */
/*
 * fat - see fat.h.
 *
 * A chain of clusters may loop. It is never followed further than its reader has bytes to read: a file for
 * its size, a directory for the 65,536 entries that it can have.
 */
#include "device/fat.h"
#include "base/bytes.h"
#include "base/text.h"
#include "device/names.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

enum { SECTOR_BYTES = 512, ENTRY_BYTES = 32, DIRECTORY_BYTES = 65536 * ENTRY_BYTES };
/* More clusters than this need wider entries; the specification's 4085 and 65525, less the two that do not
 * exist. */
enum { FAT12_CLUSTERS_MAX = 4084, FAT16_CLUSTERS_MAX = 65524, FAT32_CLUSTERS_MAX = 0x0ffffff5 };
enum { LABEL = 0x08, DIRECTORY = 0x10, LONG_NAME = 0x0f, LONG_MASK = 0x3f }; /* attributes */
enum { DELETED = 0xe5, LAST_PART = 0x40, PART_UNITS = 13, PARTS_MAX = 20 };

/* In place of a cluster: the root of FAT12 and 16 has its own area. */
#define FIXED_ROOT UINT32_MAX

/* --- the filesystem --- */

static bool power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

static void boot_label(struct fat *f, const uint8_t *extended)
{
	if (extended[0] == 0x28 || extended[0] == 0x29)
		f->serial = bytes_le32(extended + 1);
	if (extended[0] != 0x29 || !memcmp(extended + 5, "NO NAME    ", 11))
		return;
	memcpy(f->label, extended + 5, 11);
	names_trim(f->label);
}

/* Where everything is, from the sizes in the boot sector @b. */
static bool lay_out(struct fat *f, const uint8_t *b)
{
	uint32_t sector = bytes_le16(b + 11), per_cluster = b[13], reserved = bytes_le16(b + 14),
		 fats = b[16];
	uint64_t fat_sectors = bytes_le16(b + 22), sectors = bytes_le16(b + 19), data;
	bool wide = !fat_sectors;

	if (wide)
		fat_sectors = bytes_le32(b + 36);
	if (!sectors)
		sectors = bytes_le32(b + 32);
	if (!power_of_two(sector) || sector < 512 || sector > 4096 || !power_of_two(per_cluster) ||
		!reserved || !fats || !fat_sectors || (b[21] != 0xf0 && b[21] < 0xf8))
		return false;
	f->root_bytes = wide ? 0 : (uint32_t)bytes_le16(b + 17) * ENTRY_BYTES;
	data = reserved + fats * fat_sectors + (f->root_bytes + sector - 1) / sector;
	if (data >= sectors || (!wide && !f->root_bytes))
		return false;
	f->cluster_bytes = per_cluster * sector;
	f->clusters = (uint32_t)((sectors - data) / per_cluster);
	f->fat_off = (uint64_t)reserved * sector;
	f->root_off = (reserved + fats * fat_sectors) * sector;
	f->data_off = data * sector;
	f->bits = wide ? 32 : f->clusters > FAT12_CLUSTERS_MAX ? 16 : 12;
	if (f->clusters > (wide ? FAT32_CLUSTERS_MAX : FAT16_CLUSTERS_MAX))
		return false;
	/* A FAT with fewer entries than there are clusters: the rest is unused. */
	if (fat_sectors * sector * 8 / f->bits < (uint64_t)f->clusters + 2)
		f->clusters = (uint32_t)(fat_sectors * sector * 8 / f->bits) - 2;
	f->root_cluster = wide ? bytes_le32(b + 44) : 0;
	return !wide || (f->root_cluster >= 2 && f->root_cluster - 2 < f->clusters);
}

bool fat_open(const struct reader *r, struct fat *f)
{
	uint8_t b[SECTOR_BYTES];
	struct error err;

	*f = (struct fat){.reader = r};
	if (reader_read(r, b, sizeof(b), 0, &err) || !lay_out(f, b))
		return false;
	boot_label(f, b + (f->bits == 32 ? 66 : 38));
	return true;
}

/* --- bytes of a file or directory --- */

/* The number that follows @cluster in its chain; not the number of a cluster at the end. */
static enum cause next_cluster(const struct fat *f, uint32_t cluster, uint32_t *next, struct error *err)
{
	uint8_t entry[4] = {0};
	uint64_t off = f->fat_off + (uint64_t)cluster * f->bits / 8;
	enum cause cause = reader_read(f->reader, entry, f->bits == 32 ? 4 : 2, off, err);

	*next = bytes_le32(entry) & 0x0fffffff;
	if (f->bits == 12)
		*next = cluster & 1 ? *next >> 4 : *next & 0xfff;
	return cause;
}

static enum cause chain_ends(const struct fat *f, struct error *err)
{
	return error_set(err, CAUSE_DAMAGED, "%s: a file is shorter than its directory says",
		f->reader->name);
}

/* Where the next byte of @file is, and how many follow it there. */
static enum cause place(const struct fat *f, struct fat_file *file, uint64_t *off, uint32_t *room,
	struct error *err)
{
	enum cause cause;

	*room = file->cluster == FIXED_ROOT ? f->root_bytes : f->cluster_bytes;
	if (file->cluster != FIXED_ROOT && file->at_bytes == f->cluster_bytes) {
		cause = next_cluster(f, file->cluster, &file->cluster, err);
		if (cause)
			return cause;
		file->at_bytes = 0;
	}
	*off = f->root_off;
	if (file->cluster != FIXED_ROOT) {
		if (file->cluster - 2 >= f->clusters) /* 0 and 1 are so, too */
			return chain_ends(f, err);
		*off = f->data_off + (uint64_t)(file->cluster - 2) * f->cluster_bytes;
	}
	*off += file->at_bytes;
	*room -= file->at_bytes;
	return *room ? CAUSE_OK : chain_ends(f, err);
}

enum cause fat_read(const struct fat *f, struct fat_file *file, void *buf, size_t len, struct error *err)
{
	uint8_t *to = buf;

	if (len > file->left)
		return chain_ends(f, err);
	while (len) {
		uint64_t off;
		uint32_t room;
		enum cause cause = place(f, file, &off, &room, err);

		if (cause)
			return cause;
		if (room > len)
			room = (uint32_t)len;
		cause = reader_read(f->reader, to, room, off, err);
		if (cause)
			return cause;
		file->at_bytes += room;
		file->left -= room;
		to += room;
		len -= room;
	}
	return CAUSE_OK;
}

static struct fat_file root_of(const struct fat *f)
{
	uint32_t cluster = f->root_cluster ? f->root_cluster : FIXED_ROOT;

	return (struct fat_file){.is_directory = true, .cluster = cluster, .left = DIRECTORY_BYTES};
}

/* --- names --- */

/* The next entry of @dir that is not deleted. False with CAUSE_OK: that was all. */
static bool next_entry(const struct fat *f, struct fat_file *dir, uint8_t e[static ENTRY_BYTES],
	enum cause *cause, struct error *err)
{
	do {
		*cause = dir->left ? fat_read(f, dir, e, ENTRY_BYTES, err) : CAUSE_DAMAGED;
		/* A directory has no size: it ends with its chain. */
		if (*cause == CAUSE_DAMAGED)
			*cause = CAUSE_OK, *e = 0;
	} while (!*cause && *e == DELETED);
	return !*cause && *e;
}

bool fat_root_label(const struct fat *f, char label[static 12])
{
	struct fat_file root = root_of(f);
	uint8_t e[ENTRY_BYTES];
	struct error err;
	enum cause cause;

	while (next_entry(f, &root, e, &cause, &err)) {
		if ((e[11] & LONG_MASK) == LONG_NAME || (e[11] & (LABEL | DIRECTORY)) != LABEL)
			continue;
		memcpy(label, e, 11);
		label[11] = 0;
		names_trim(label);
		return *label;
	}
	return false;
}

/* The parts of a long name, which precede their entry, the last one first. */
struct long_name {
	uint8_t units[PARTS_MAX * PART_UNITS * 2];
	unsigned parts, missing; /* parts 0: there is none */
	uint8_t sum;             /* of the short name that it belongs to */
};

static void add_part(struct long_name *l, const uint8_t *e)
{
	unsigned number = e[0] & 0x3f;
	uint8_t *to;

	if (e[0] & LAST_PART)
		*l = (struct long_name){.parts = number, .missing = number, .sum = e[13]};
	if (!number || number > PARTS_MAX || number != l->missing || e[13] != l->sum) {
		l->parts = 0;
		return;
	}
	l->missing--;
	to = l->units + (size_t)l->missing * PART_UNITS * 2;
	memcpy(to, e + 1, 10);
	memcpy(to + 10, e + 14, 12);
	memcpy(to + 22, e + 28, 4);
}

static bool is_name(const char *have, const char *name, size_t len)
{
	return strlen(have) == len && !strncasecmp(have, name, len);
}

static bool long_fits(const struct long_name *l, const uint8_t *e, const char *name, size_t len)
{
	char text[PARTS_MAX * PART_UNITS * 3 + 1];
	uint8_t sum = 0;

	if (!l->parts || l->missing)
		return false;
	for (int i = 0; i < 11; i++)
		sum = (uint8_t)((sum << 7 | sum >> 1) + e[i]);
	names_utf16(text, sizeof(text), l->units, (size_t)l->parts * PART_UNITS);
	return sum == l->sum && is_name(text, name, len);
}

static bool short_fits(const uint8_t *e, const char *name, size_t len)
{
	char base[9] = "", extension[4] = "", text[13];

	memcpy(base, e, 8);
	names_trim(base);
	memcpy(extension, e + 8, 3);
	names_trim(extension);
	(void)text_join(text, sizeof(text), base, *extension ? "." : "", extension);
	return is_name(text, name, len);
}

/* Look for the @len bytes @name in @dir, which becomes what is found. True: found. */
static bool enter(const struct fat *f, struct fat_file *dir, const char *name, size_t len, enum cause *cause,
	struct error *err)
{
	struct long_name l = {.parts = 0};
	uint8_t e[ENTRY_BYTES];

	while (next_entry(f, dir, e, cause, err)) {
		if ((e[11] & LONG_MASK) == LONG_NAME) {
			add_part(&l, e);
			continue;
		}
		/* "." and ".." are links to folders, never the file that is looked for. */
		if (!(e[11] & LABEL) && *e != '.' &&
			(long_fits(&l, e, name, len) || short_fits(e, name, len))) {
			*dir = (struct fat_file){.is_directory = e[11] & DIRECTORY,
				.cluster = bytes_le16(e + 26)};
			if (f->bits == 32)
				dir->cluster |= (uint32_t)bytes_le16(e + 20) << 16;
			dir->size_bytes = dir->is_directory ? 0 : bytes_le32(e + 28);
			dir->left = dir->is_directory ? DIRECTORY_BYTES : dir->size_bytes;
			return true;
		}
		l.parts = 0;
	}
	return false;
}

enum cause fat_find(const struct fat *f, const char *path, struct fat_file *out, struct error *err)
{
	enum cause cause = CAUSE_OK;
	const char *rest = path;

	*out = root_of(f);
	while (*(rest += strspn(rest, "/"))) {
		size_t len = strcspn(rest, "/");

		if (!out->is_directory || !enter(f, out, rest, len, &cause, err))
			return cause ? cause : error_set_os(err, CAUSE_DEVICE, ENOENT, "%s", f->reader->name);
		rest += len;
	}
	return CAUSE_OK;
}
