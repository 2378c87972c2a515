/* SPDX-License-Identifier: MIT */
/* place - see place.h. */
#include "format/place.h"
#include "base/text.h"
#include "config/words.h"
#include "device/member.h"
#include "format/integrity.h"
#include <errno.h>
#include <string.h>

/* DATA_DAMAGED: os_errno, as dm-integrity has it; it passes through everything that hands an error on. */
enum { QUOTED_BYTES = 300, CUT_CHARS = 3, DATA_DAMAGED = EILSEQ };

/* --- where the data is ------------------------------------------------------------------ */

const struct blkdev *place_header(const struct place *p)
{
	return p->header ? p->header : p->device;
}

static uint64_t usable_bytes(const struct blkdev *dev)
{
	uint64_t size = dev->reader.size_bytes;

	return dev->is_block ? size : size - size % 512;
}

/*
 * cryptsetup rounds the size of a LUKS1 backup up to whole memory pages of the machine that makes it. That
 * may be beyond the beginning of the data.
 */
static bool ends_on_page(uint64_t end, uint64_t size_bytes)
{
	for (uint64_t page = 4096; page <= 65536; page *= 4)
		if ((end + page - 1) / page * page == size_bytes)
			return true;
	return false;
}

/* Of the first segment on the device, which is not always segment 0. */
static uint64_t data_off(const struct luks *luks)
{
	return luks->version == 1 ? luks->segments[0].off : luks->data_off;
}

/*
 * Are header and keyslots complete in @size_bytes, and is there no data, though a device could have it
 * there?
 */
static bool ends_before_data(const struct luks *luks, uint64_t size_bytes)
{
	uint64_t end = luks_keyslots_end(luks), off = data_off(luks);

	return size_bytes >= end && off < INT64_MAX - 511 &&
	       (size_bytes <= off || (luks->version == 1 && ends_on_page(end, size_bytes)));
}

bool place_has_keyslots(const struct place *p, const struct luks *luks)
{
	return usable_bytes(place_header(p)) >= luks_keyslots_end(luks);
}

enum place_kind place_kind(const struct place *p, const struct luks *luks)
{
	if (p->header)
		return PLACE_VOLUME;
	if (!data_off(luks))
		return PLACE_DETACHED;
	/* A block device that is so short may as well be a partition that lost its data. */
	return !p->device->is_block && ends_before_data(luks, usable_bytes(p->device)) ? PLACE_BACKUP
	                                                                               : PLACE_VOLUME;
}

enum cause place_sizes(const struct place *p, const struct luks *luks,
	uint64_t sizes[static LUKS_REGULAR_MAX], struct error *err)
{
	uint64_t size_bytes = usable_bytes(p->device);
	enum cause cause;

	switch (place_kind(p, luks)) {
	case PLACE_DETACHED:
		return error_set(err, CAUSE_USAGE,
			"holds a detached header; name the data device and use --header");
	case PLACE_BACKUP:
		return error_set(err, CAUSE_DEVICE,
			"is a header backup: it has %llu bytes, its data would begin at byte %llu; name "
			"the volume's device and use --header",
			(unsigned long long)size_bytes, (unsigned long long)luks->segments[0].off);
	case PLACE_VOLUME:
		break;
	}
	cause = luks_data_sizes(luks, size_bytes, sizes, err);
	if (!cause && luks_has_integrity(luks)) {
		cause = integrity_size(&p->device->reader, luks->segments, sizes, err);
		if (cause == CAUSE_DAMAGED)
			err->os_errno = DATA_DAMAGED;
		return cause;
	}
	if (cause && !p->header && ends_before_data(luks, size_bytes))
		error_append(err, " Or does it hold a header backup?");
	return cause;
}

bool place_blames_data(const struct error *err)
{
	return err->cause == CAUSE_DAMAGED && err->os_errno == DATA_DAMAGED;
}

/* --- advice ----------------------------------------------------------------------------- */

/* Goes through a shell as it is. */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("/._-+:@%=,", c));
}

/* The path of @dev as a word of a shell, or @instead when there is none or it cannot be typed. */
static void quote(char out[static QUOTED_BYTES], const struct blkdev *dev, const char *instead)
{
	const char *path = dev ? dev->path : "";
	bool plain = true, typed = *path;
	size_t used;

	for (const char *s = path; *s; s++) {
		plain &= is_plain(*s);
		typed &= *s >= ' ' && *s <= '~' && *s != '\'';
	}
	used = text_format(out, QUOTED_BYTES, "%s%s%s%s", plain ? "" : "'", *path == '-' ? "./" : "", path,
		plain ? "" : "'");
	if (!typed || used + 1 >= QUOTED_BYTES)
		text_format(out, QUOTED_BYTES, "%s", instead);
}

/* @instead: of the device, where it has no path. */
static void put_command(const struct place *p, const char *verb, const char *instead, char *text, size_t size)
{
	char device[QUOTED_BYTES], header[QUOTED_BYTES] = "";

	quote(device, p->device, instead);
	if (p->header)
		quote(header, p->header, "HEADER");
	text_format(text, size, "cryptsetup %s%s%s %s", verb, p->header ? " --header " : "", header, device);
}

void place_command(const struct place *p, const char *verb, char *text, size_t size)
{
	put_command(p, verb, "DEVICE", text, size);
}

static const struct {
	const char *what, *verb; /* what is to be done; of the command for it, or NULL */
	bool writes_data;        /* not only to the header */
} advices[] = {
	[LUKS_ADVICE_NONE] = {NULL, NULL, false},
	[LUKS_ADVICE_RESUME] = {"finish it with: ", "reencrypt --resume-only", true},
	[LUKS_ADVICE_RECOVER] = {"repair it with: ", "repair", true},
	[LUKS_ADVICE_REPAIR] = {"repair it with: ", "repair", false},
	[LUKS_ADVICE_REPAIR_UNLESS_NEW] = {"only if the device was not formatted anew, repair it with: ",
		"repair", false},
	[LUKS_ADVICE_RESTORE] = {"restore a header backup: ", "luksHeaderRestore --header-backup-file FILE",
		false},
	[LUKS_ADVICE_BACKUP] = {"make a new header backup", NULL, false},
	[LUKS_ADVICE_COPY] =
		{"a re-encryption was under way: restore no header backup, copy the device first", NULL,
			false},
};

/* @advice, or what is right instead for this header in this place. */
static enum luks_advice fitting(const struct place *p, const struct luks *luks, enum luks_advice advice)
{
	bool restore = advice == LUKS_ADVICE_RESTORE, backup = luks && place_kind(p, luks) == PLACE_BACKUP;
	struct member member;

	/* A header in memory is there for this boot only (boot/fetch.h). */
	if (words_begins(place_header(p)->path, "/proc/self/fd/") || member_read(place_header(p), &member))
		return LUKS_ADVICE_NONE;
	if (advices[advice].writes_data && p->header && member_read(p->device, &member))
		return LUKS_ADVICE_NONE;
	if (backup && (restore || advices[advice].writes_data))
		return restore ? LUKS_ADVICE_BACKUP : LUKS_ADVICE_NONE;
	if (restore && luks && (luks->requirements.cause || luks->reencryption))
		return luks->reencryption ? LUKS_ADVICE_COPY : LUKS_ADVICE_NONE;
	return advice;
}

/* Does something refuse to be written that the command writes to? */
static bool is_read_only(const struct place *p, enum luks_advice advice)
{
	return blkdev_is_read_only(place_header(p)) ||
	       (advices[advice].writes_data && blkdev_is_read_only(p->device));
}

/* How much of a re-encryption is done, if the data is there to see it. Unknown with resilience none. */
static void append_progress(const struct place *p, const struct luks *luks, char *text)
{
	static const char *const rest[] = {
		[LUKS_MODE_REENCRYPT] = "",
		[LUKS_MODE_ENCRYPT] = ", the rest is not encrypted",
		[LUKS_MODE_DECRYPT] = " and not encrypted",
	};
	uint64_t sizes[LUKS_REGULAR_MAX];
	size_t used = strlen(text);
	struct error ignored;

	if (luks->reencrypt.resilience && !place_sizes(p, luks, sizes, &ignored))
		text_format(text + used, ERROR_TEXT_BYTES - used, ": %u %% is done%s",
			luks_reencryption_percent(luks, sizes), rest[luks->reencrypt.mode]);
}

void place_advise(const struct place *p, const struct luks *luks, enum luks_advice advice, char *text)
{
	char command[ERROR_TEXT_BYTES - 112] = "", whole[ERROR_TEXT_BYTES];
	enum luks_advice fit = fitting(p, luks, advice);
	const char *what = advices[fit].what, *verb = advices[fit].verb, *instead = "DEVICE";
	struct place named = *p;
	size_t len, used;

	/* What is resumed or repaired is the data, and that is elsewhere. */
	if (advices[fit].writes_data && luks && !luks->segments[0].off && !p->header)
		named = (struct place){.device = NULL, .header = p->device};
	/* cryptsetup cannot find out whether a file is open, and resumes it by the name of its mapping. */
	if (fit == LUKS_ADVICE_RESUME && named.device && !named.device->is_block) {
		what = "open it, and finish it with: ";
		instead = "--active-name NAME";
		named.device = NULL;
	}
	if (luks && advice == LUKS_ADVICE_RESUME)
		append_progress(p, luks, text);
	used = strlen(text);
	if (verb)
		put_command(&named, verb, instead, command, sizeof(command));
	/* A command that was cut could name another device. */
	if (!what || strlen(command) + 1 == sizeof(command))
		return;
	len = text_format(whole, sizeof(whole), "; %s%s%s",
		verb && is_read_only(p, fit) ? "it is read-only; once it can be written, " : "", what,
		command);
	if (used + len >= ERROR_TEXT_BYTES) {
		used = ERROR_TEXT_BYTES - 1 - len;
		memset(text + used - CUT_CHARS, '.', CUT_CHARS);
	}
	memcpy(text + used, whole, len + 1);
}

enum cause place_load(const struct place *p, struct luks *luks, struct header_report *report,
	struct error *err)
{
	enum cause cause = header_load(&place_header(p)->reader, luks, report, err);

	if (!cause && p->header)
		header_judge_detached(&p->device->reader, luks);
	if (cause)
		place_advise(p, NULL, report->advice, err->text);
	else if (report->note[0])
		place_advise(p, luks, report->advice, report->note);
	return cause;
}
