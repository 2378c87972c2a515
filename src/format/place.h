/* SPDX-License-Identifier: MIT */
/*
 * place - a header and the device or file that it was read from: is the data there, too, and which command,
 * typed as it stands, would mend what is wrong.
 *
 * A header is in one of three places: before its data, in a file of its own (detached), or in a backup of
 * header and keyslots. The header itself tells the first two apart, the end of the file the third.
 */
#ifndef FORMAT_PLACE_H
#define FORMAT_PLACE_H

#include "device/blkdev.h"
#include "format/header.h"

struct place {
	const struct blkdev *device; /* that the person named */
	const struct blkdev *header; /* a detached header or a backup, named as such; NULL: on @device */
};

enum place_kind {
	PLACE_VOLUME,   /* the data is on the device, or ought to be */
	PLACE_DETACHED, /* a detached header, without the device that has its data */
	PLACE_BACKUP,   /* a file with header and keyslots, that ends where the data would begin */
};

/* What the header was read from. */
const struct blkdev *place_header(const struct place *p);

/* Does it reach to the end of the keyslots area? cryptsetup takes no shorter one. */
bool place_has_keyslots(const struct place *p, const struct luks *luks);

enum place_kind place_kind(const struct place *p, const struct luks *luks);

/*
 * luks_data_sizes of the device, or why there is no data on it. A regular file counts as its loop device
 * would: whole sectors of 512 bytes. With dm-integrity, what its superblock says, after it was checked. The
 * sentence does not begin with the device's name.
 * Fails: CAUSE_DEVICE (too short, no whole sectors, a header backup), CAUSE_USAGE (a detached header), as
 * integrity_size.
 */
enum cause place_sizes(const struct place *p, const struct luks *luks,
	uint64_t sizes[static LUKS_REGULAR_MAX], struct error *err) MUST_USE;

/* Is @err about the data (CAUSE_DAMAGED of place_sizes), which no other header would mend? */
bool place_blames_data(const struct error *err);

/*
 * "cryptsetup @verb [--header H] DEVICE", with the paths as they were opened, quoted for a shell. A path
 * that cannot be typed is replaced by DEVICE or HEADER.
 */
void place_command(const struct place *p, const char *verb, char *text, size_t size);

/*
 * Append @advice to the sentence in @text (ERROR_TEXT_BYTES in all): "; repair it with: cryptsetup repair
 * /dev/sda2". If there is not enough room, the sentence is cut, never the command. Nothing is advised that
 * would overwrite what another program has on the device, and no header backup that would undo a
 * re-encryption. @luks is the header as far as it could be read, NULL if it could not.
 */
void place_advise(const struct place *p, const struct luks *luks, enum luks_advice advice, char *text);

/*
 * header_load from place_header, with the advice appended to @report->note or @err. A detached header is
 * compared with the one on the device.
 * Fails as header_load.
 */
enum cause place_load(const struct place *p, struct luks *luks, struct header_report *report,
	struct error *err) MUST_USE;

#endif
