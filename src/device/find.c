/* SPDX-License-Identifier: MIT */
/* find - see find.h. */
#include "device/find.h"
#include "base/text.h"
#include "device/blkdev.h"
#include "device/by_id.h"
#include "device/partition.h"
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define PARTNROFF "/PARTNROFF="

enum key { BY_UUID, BY_LABEL, BY_PARTUUID, BY_PARTLABEL, BY_ID, BY_SERIAL };

/* How a device can be asked for; the row is the enum's. */
static const struct {
	const char *tag, *folder;
} keys[] = {
	[BY_UUID] = {"UUID=", "/dev/disk/by-uuid/"},
	[BY_LABEL] = {"LABEL=", "/dev/disk/by-label/"},
	[BY_PARTUUID] = {"PARTUUID=", "/dev/disk/by-partuuid/"},
	[BY_PARTLABEL] = {"PARTLABEL=", "/dev/disk/by-partlabel/"},
	[BY_ID] = {"ID=", "/dev/disk/by-id/"},
	[BY_SERIAL] = {"SERIAL=", "SERIAL="},
};

struct wanted {
	enum key key;
	bool is_beginning;     /* of the UUID or number */
	unsigned part_offset;  /* of /PARTNROFF= */
	unsigned found;        /* devices of the best rank so far */
	unsigned rank;         /* the more, the better; odd: held or overwritten */
	unsigned below;        /* of this rank and above none counts, and none overwritten; 0: all do */
	struct member *member; /* the first that fits and does not count; NULL: all count */
	char value[SYSBLOCK_PATH_BYTES];
	char path[2][SYSBLOCK_PATH_BYTES]; /* of the first two devices that fit */
	char name[2][SYSBLOCK_NAME_BYTES];
};

static bool path_is_member(const char *path, struct member *out)
{
	struct blkdev dev;
	struct error err;
	bool is;

	if (blkdev_open_path(path, &dev, &err))
		return false;
	is = member_read(&dev, out);
	blkdev_close(&dev);
	return is;
}

enum fit { FITS_NOT, FITS_OVERWRITTEN, FITS };

/* --- does it fit? --- */

bool find_superblock(const char *path, struct superblock *out)
{
	struct blkdev dev;
	struct error err;
	bool known;

	*out = (struct superblock){.type = NULL};
	if (blkdev_open_path(path, &dev, &err))
		return false;
	known = superblock_read(&dev.reader, out);
	blkdev_close(&dev);
	return known;
}

static bool uuid_fits(const char *uuid, const struct wanted *w)
{
	return w->is_beginning ? !strncasecmp(uuid, w->value, strlen(w->value)) : !strcasecmp(uuid, w->value);
}

static enum fit superblock_fits(const char *path, const struct wanted *w)
{
	struct superblock s;

	if (!find_superblock(path, &s))
		return FITS_NOT;
	if (w->key == BY_UUID)
		return uuid_fits(s.uuid, w) ? FITS : uuid_fits(s.lost_uuid, w) ? FITS_OVERWRITTEN : FITS_NOT;
	return !strcmp(s.label, w->value)        ? FITS
	       : !strcmp(s.lost_label, w->value) ? FITS_OVERWRITTEN
	                                         : FITS_NOT;
}

/* The device @name is called so: does it count? */
static void add(const char *name, struct wanted *w, enum fit fit)
{
	char path[SYSBLOCK_PATH_BYTES];
	struct member member;
	unsigned rank;

	sysblock_path(name, path);
	if (w->member && path_is_member(path, &member)) {
		if (!w->member->mark.type)
			*w->member = member;
		return;
	}
	/* Who asks for a disk by its id means the disk, whatever is on it. A held device shows what stands on
	 * it. */
	rank = w->key == BY_ID || !sysblock_is_held(name) ? 6 : 5;
	/* Overwritten ones come last: a copy on a removable disk may be what is left. */
	rank = fit == FITS ? rank : 1;
	rank += sysblock_is_removable(name) ? 0 : 2;
	if (rank < w->rank || (w->below && (rank >= w->below || fit != FITS)))
		return;
	if (rank > w->rank)
		w->found = 0;
	w->rank = rank;
	if (w->found < 2) {
		sysblock_path(name, w->path[w->found]);
		memcpy(w->name[w->found], name, strlen(name) + 1);
	}
	w->found++;
}

/* The partitions of the disk @name: its table is read once for all of them. */
static void consider_partitions(const char *name, struct wanted *w)
{
	char path[SYSBLOCK_PATH_BYTES], inside[SYSBLOCK_NAME_BYTES];
	struct partition_table table;
	struct partition p;
	struct folder f;
	struct blkdev dev;
	struct error err;
	unsigned number;

	if (!sysblock_open_partitions(name, &f))
		return;
	sysblock_path(name, path);
	number = sysblock_next_partition(&f, name, inside);
	if (number && !blkdev_open_path(path, &dev, &err)) {
		if (!partition_open(&dev.reader,
			    (unsigned)sysblock_number(name, "queue/logical_block_size", 512), &table))
			number = 0;
		for (; number; number = sysblock_next_partition(&f, name, inside)) {
			/* With an offset the id is that of another partition, in a place not known here. */
			uint64_t start =
				w->part_offset ? UINT64_MAX : sysblock_number(inside, "start", UINT64_MAX);

			if (number > w->part_offset &&
				partition_read(&table, number - w->part_offset, start, &p) &&
				(w->key == BY_PARTUUID ? uuid_fits(p.uuid, w) : !strcmp(p.label, w->value)))
				add(inside, w, FITS);
		}
		blkdev_close(&dev);
	}
	folder_close(&f);
}

/* A disk has one number, and may have many partitions: the one with LUKS is meant. */
static bool serial_fits(const char *name, const char *path, const struct wanted *w)
{
	struct superblock s;

	return by_id_has_serial(name, w->value, strlen(w->value) + !w->is_beginning) &&
	       find_superblock(path, &s) && !strcmp(s.type, "crypto_LUKS");
}

static void consider(const char *name, struct wanted *w)
{
	enum fit fit = FITS_NOT;
	char path[SYSBLOCK_PATH_BYTES];

	sysblock_path(name, path);
	switch (w->key) {
	case BY_UUID:
	case BY_LABEL:
		fit = superblock_fits(path, w);
		break;
	case BY_PARTUUID:
	case BY_PARTLABEL:
		consider_partitions(name, w);
		break;
	case BY_ID:
		fit = by_id_is(name, w->value) ? FITS : FITS_NOT;
		break;
	case BY_SERIAL:
		fit = serial_fits(name, path, w) ? FITS : FITS_NOT;
		break;
	}
	if (fit != FITS_NOT)
		add(name, w, fit);
}

/* --- the walk --- */

static bool next_name(struct folder *f, char name[static SYSBLOCK_NAME_BYTES])
{
	const char *next;

	while ((next = folder_next(f)))
		if (text_join(name, SYSBLOCK_NAME_BYTES, next, "", "") && sysblock_is_readable(name))
			return true;
	return false;
}

enum cause find_walk_open(struct find_walk *w, struct error *err)
{
	if (!folder_open(&w->folder, "/sys/class/block"))
		return error_set(err, CAUSE_DEVICE, "cannot search for devices: /sys is not mounted");
	return CAUSE_OK;
}

bool find_walk_next(struct find_walk *w, struct find_found *out)
{
	if (!next_name(&w->folder, out->name))
		return false;
	sysblock_path(out->name, out->path);
	out->removable = sysblock_is_removable(out->name);
	out->held = sysblock_is_held(out->name);
	(void)find_superblock(out->path, &out->superblock);
	return true;
}

void find_walk_close(struct find_walk *w)
{
	folder_close(&w->folder);
}

static enum cause search(struct wanted *w, const char *spec, struct error *err)
{
	char safe[128], name[SYSBLOCK_NAME_BYTES], text[MEMBER_TEXT_BYTES];
	struct find_walk walk;

	text_escape(safe, sizeof(safe), spec);
	if (find_walk_open(&walk, err)) {
		error_prefix(err, "%s", safe);
		return CAUSE_DEVICE;
	}
	while (next_name(&walk.folder, name))
		consider(name, w);
	find_walk_close(&walk);
	if (w->found > 1 && w->rank % 2 == 0 && sysblock_is_same(w->name[0], w->name[1]))
		return error_set(err, CAUSE_DEVICE,
			"%s: is on two paths of one disk, %s and %s: "
			"the multipath device above them is not there",
			safe, w->path[0], w->path[1]);
	if (w->found > 1 && w->rank % 2 == 0)
		return error_set(err, CAUSE_DEVICE,
			"%s: is on two devices, %s and %s; unplug one, or name one by its path", safe,
			w->path[0], w->path[1]);
	if (!w->found && w->member && w->member->mark.type) {
		member_describe(w->member, text);
		return error_set(err, CAUSE_DEVICE,
			"%s: the %s is not there; %s; is it gone for good? See latchkey check %s", safe,
			w->member->mark.whole, text, w->member->name);
	}
	if (w->member)
		*w->member = (struct member){.name = ""};
	if (!w->found) {
		error_set(err, CAUSE_DEVICE, "%s: no device found", safe);
		err->os_errno = ENOENT;
		return CAUSE_DEVICE;
	}
	return CAUSE_OK;
}

/* --- what is asked for --- */

/* The part of @s behind @prefix, or NULL. */
static const char *behind(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(s, prefix, len) ? NULL : s + len;
}

/* udev writes what it does not like in the name of a link as \xNN. */
static void unescape(char *s)
{
	uint8_t byte;
	char *to = s;

	for (; *s; s++)
		if (s[0] == '\\' && s[1] == 'x' && text_hex(s + 2, &byte, 1) && byte > 15) {
			*to++ = (char)byte;
			s += 3;
		} else {
			*to++ = *s;
		}
	*to = 0;
}

/* "X/PARTNROFF=N", as the kernel has it for root=. */
static bool cut_part_offset(struct wanted *w)
{
	char *cut = text_find(w->value, PARTNROFF);
	uint64_t n;

	if (!cut)
		return true;
	if (!text_parse_u64(cut + strlen(PARTNROFF), &n) || n > 255)
		return false;
	*cut = 0;
	w->part_offset = (unsigned)n;
	return true;
}

/* A node that udev made of what it saw then: it may lead to a member whose whole has the same name. */
static bool is_good_node(const char *path)
{
	struct member member;

	return !access(path, F_OK) && !path_is_member(path, &member);
}

/* X of the name @spec; NULL: it is a path. */
static const char *name_of(const char *spec, enum key *key, bool *is_link)
{
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value = behind(spec, keys[i].tag), *link = behind(spec, keys[i].folder);

		*key = (enum key)i;
		*is_link = !value;
		if (value || link)
			return value ? value : link;
	}
	return NULL;
}

bool find_is_name(const char *spec)
{
	enum key key;
	bool is_link;

	return name_of(spec, &key, &is_link);
}

bool find_uuid(const char *spec, char uuid[static SUPERBLOCK_UUID_BYTES])
{
	enum key key;
	bool is_link;
	const char *value = name_of(spec, &key, &is_link);

	*uuid = 0;
	if (value && key == BY_UUID && !strchr(value, '*') &&
		text_join(uuid, SUPERBLOCK_UUID_BYTES, value, "", ""))
		text_unquote(uuid);
	return *uuid;
}

/* What @spec asks for; false: it is a path. */
static bool is_wanted(const char *spec, struct wanted *w)
{
	bool is_link;
	const char *value = name_of(spec, &w->key, &is_link);
	size_t len;

	if (!value || (is_link && is_good_node(spec)) ||
		!text_join(w->value, sizeof(w->value), value, "", ""))
		return false;
	if (is_link)
		unescape(w->value);
	else
		text_unquote(w->value);
	len = strlen(w->value);
	w->is_beginning = len > 1 && w->value[len - 1] == '*' &&
	                  (w->key == BY_UUID || w->key == BY_PARTUUID || w->key == BY_SERIAL);
	if (w->is_beginning)
		w->value[len - 1] = 0;
	return true;
}

bool find_is_called(const char *path, const char *spec)
{
	struct wanted w = {.found = 0};

	return is_wanted(spec, &w) && *w.value && (w.key == BY_UUID || w.key == BY_LABEL) &&
	       superblock_fits(path, &w) == FITS;
}

enum cause find_device(const char *spec, char *path, size_t path_bytes, struct error *err)
{
	struct member member;

	return find_device_or_member(spec, path, path_bytes, &member, err);
}

enum cause find_device_or_member(const char *spec, char *path, size_t path_bytes, struct member *member,
	struct error *err)
{
	unsigned rank = 0;

	return find_below(spec, path, path_bytes, member, &rank, err);
}

enum cause find_below(const char *spec, char *path, size_t path_bytes, struct member *member, unsigned *rank,
	struct error *err)
{
	struct wanted w = {.member = member, .below = *rank};
	const char *found = spec;

	*rank = 0;
	if (member)
		*member = (struct member){.name = ""};
	if (is_wanted(spec, &w)) {
		/* A volume without a label is not called "". */
		if ((w.key == BY_PARTUUID && !cut_part_offset(&w)) || !*w.value)
			return error_set(err, CAUSE_USAGE, "%s: names no device", spec);
		if (search(&w, spec, err))
			return CAUSE_DEVICE;
		found = w.path[0];
		*rank = w.rank;
	}
	if (!text_join(path, path_bytes, found, "", ""))
		return error_set(err, CAUSE_DEVICE, "the path of the device is too long");
	return CAUSE_OK;
}

enum cause find_open(const char *spec, struct blkdev *dev, struct error *err)
{
	char path[sizeof(dev->path)];
	enum cause cause = find_device(spec, path, sizeof(path), err);

	*dev = (struct blkdev){.fd = -1};
	if (!cause)
		cause = blkdev_open_path(path, dev, err);
	/* Messages call it what the person called it. */
	text_escape(dev->name, sizeof(dev->name), spec);
	return cause;
}
