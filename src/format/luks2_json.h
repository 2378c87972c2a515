/* SPDX-License-Identifier: MIT */
/*
 * luks2_json - the JSON text of a verified header copy, to the model (specification 3).
 *
 * Each object is read by itself, each number within its range (luks2_objects.h). The rules that tie objects
 * together (areas, references, segments) are luks2_check's.
 */
#ifndef FORMAT_LUKS2_JSON_H
#define FORMAT_LUKS2_JSON_H

#include "format/luks2_reencryption.h"

/* Bytes of the header device that a keyslot has. */
struct luks2_area {
	unsigned keyslot;
	uint64_t off, size_bytes;
};

/* Bytes of the data device that a segment has. */
struct luks2_extent {
	uint64_t off, size_bytes; /* size 0: dynamic */
	bool backup;              /* flagged "backup-...": not mapped */
};

/* References between objects as the text gives them, by digest index. For luks2_check. */
struct luks2_links {
	uint32_t digest_keyslots[LUKS_DIGESTS_MAX]; /* bit n: names keyslot n */
	uint32_t digest_segments[LUKS_DIGESTS_MAX]; /* bit n: names segment n */
	uint32_t keyslot_ids;                       /* bit n: keyslot n is in the header, of any type */
	uint32_t segment_ids;                       /* bit n: segment n is in the header, of any type */
	/* Every keyslot's area, the skipped ones' too: they must not overlap. */
	struct luks2_area areas[LUKS_KEYSLOTS_MAX];
	unsigned area_count;
	struct luks2_extent segments[LUKS_SEGMENTS_MAX]; /* in the order of their numbers */
	struct luks2_reencryption reencryption;
};

/*
 * Fill the JSON part of @luks from @text (@len bytes without the NUL behind it).
 * Things that only make a keyslot, digest or segment unusable go into its verdict.
 * Fails: CAUSE_DAMAGED, CAUSE_RESOURCE.
 */
enum cause luks2_json_read(const char *text, size_t len, struct luks *luks, struct luks2_links *links,
	struct error *err) MUST_USE;

#endif
