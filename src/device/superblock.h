/* SPDX-License-Identifier: MIT */
/*
 * superblock - what is on a block device: its format, UUID and label, as blkid(8) prints them.
 *
 * A mark that is not followed by sane numbers is no mark: a device that is not understood is left alone.
 */
#ifndef DEVICE_SUPERBLOCK_H
#define DEVICE_SUPERBLOCK_H

#include "base/reader.h"
#include <stdbool.h>

enum { SUPERBLOCK_UUID_BYTES = 41, SUPERBLOCK_LABEL_BYTES = 257, SUPERBLOCK_LUKS_LABEL_BYTES = 49 };

struct superblock {
	/* "crypto_LUKS", "vfat", "exfat", "ntfs", "ext2", "ext3", "ext4", "btrfs", "xfs", "f2fs", "squashfs",
	 * "erofs", "iso9660", "udf", "bcachefs", "hfsplus" (without UUID and label) */
	const char *type;
	char uuid[SUPERBLOCK_UUID_BYTES];   /* printable, or "" */
	char label[SUPERBLOCK_LABEL_BYTES]; /* UTF-8 as it stands there, to compare; text_escape before it is
					       shown */
	/*
	 * @type stands where a LUKS2 header was, whose second copy is still there, with this UUID and this
	 * label: an overwritten volume, or a reformatted one. "" when @type is "crypto_LUKS" or there is
	 * none.
	 */
	char lost_uuid[SUPERBLOCK_UUID_BYTES], lost_label[SUPERBLOCK_LUKS_LABEL_BYTES];
};

/*
 * What is on @r? A LUKS2 volume that has lost its first sector is found by its second header when no other
 * format stands there. False: nothing that is known, or not readable (then @out is all zero).
 */
bool superblock_read(const struct reader *r, struct superblock *out);

#endif
