/* SPDX-License-Identifier: MIT */
/* compare - see compare.h. */
#include "unlock/compare.h"
#include "unlock/notice.h"
#include <string.h>

void compare_headers(const struct luks_device *d)
{
	const struct luks *used = &d->luks;
	struct header_report report;
	struct error note;
	struct luks own;
	size_t same;

	if (header_load(&d->data.reader, &own, &report, &note))
		return;
	error_set(&note, CAUSE_OK, "%s: is used, and differs from the header on %s", d->detached.name,
		d->data.name);
	same = strlen(note.text);
	if (strcmp(own.uuid, used->uuid))
		error_append(&note, "; another UUID: %s, not %s", used->uuid, own.uuid);
	else if (own.seqid > used->seqid)
		error_append(&note, "; an older header: sequence %llu, not %llu",
			(unsigned long long)used->seqid, (unsigned long long)own.seqid);
	if (own.segments[0].off != used->segments[0].off)
		error_append(&note, "; its data begins at byte %llu, not %llu",
			(unsigned long long)used->segments[0].off, (unsigned long long)own.segments[0].off);
	if (own.segments[0].size_bytes != used->segments[0].size_bytes)
		error_append(&note, "; its data has %llu bytes, not %llu (0: to the end)",
			(unsigned long long)used->segments[0].size_bytes,
			(unsigned long long)own.segments[0].size_bytes);
	if (note.text[same])
		notice_print(note.text);
}
